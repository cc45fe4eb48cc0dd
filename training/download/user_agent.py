"""The name we ask under."""

from __future__ import annotations

from importlib.metadata import version as package_version

from training.download.errors import ContactError


def make_user_agent(contact: str, version: str) -> str:
    """Who asks, and whom to write to, as Wikimedia wants it: name/version (contact) library/version.

    Raises:
        ContactError: nobody can be written to at this contact.
    Source: foundation.wikimedia.org/wiki/Policy:Wikimedia_Foundation_User-Agent_Policy
    """
    plain = contact.isascii() and contact.isprintable() and not set(contact) & set("()")
    if not plain or not any(mark in contact for mark in ("@", "://")) or len(contact) > 200:
        raise ContactError(
            f"--contact must be an e-mail address or the address of a page about you, got {contact!r}. "
            "Who runs the sites asked has to know whom to write to."
        )
    return f"which-park/{version} ({contact}) requests/{package_version('requests')}"
