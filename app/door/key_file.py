"""API keys on disk: a line for each, its owner's name and the SHA-256 of the key, never the key.

    # name   digest
    alice    sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

A plain hash is right here, as it would be wrong for passwords: a key is 256 random bits, which nobody finds by trying,
however fast the hash; and a slow one would have every request pay for it, those without a good key too.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.errors import SettingsError

_LINE = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,64})\s+sha256:(?P<digest>[0-9a-f]{64})")
_KEY_BYTES = 32
# Says to people, and to scanners of repositories, what a leaked one is.
_KEY_PREFIX = "whichpark_"


@dataclass(frozen=True)
class ApiKey:
    """What is kept of a key: whose it is, and its digest."""

    name: str
    digest: bytes

    @property
    def line(self) -> str:
        """As it stands in the file."""
        return f"{self.name}\tsha256:{self.digest.hex()}"


def new_secret() -> str:
    """A new key, to be told to its owner and kept nowhere."""
    return _KEY_PREFIX + secrets.token_urlsafe(_KEY_BYTES)


def digest_of(secret: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def find_key(keys: Iterable[ApiKey], secret: str) -> ApiKey | None:
    """The key that somebody shows, if it is one of these. Takes as long whichever it is, and if it is none."""
    shown = digest_of(secret)
    found = [key for key in keys if hmac.compare_digest(key.digest, shown)]
    return found[0] if found else None


def read_keys(path: Path) -> tuple[ApiKey, ...]:
    """The keys of a file; blank lines and those that begin with # are none.

    Raises:
        SettingsError: it cannot be read, or a line is none of a key; the line itself is not repeated.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"the file of API keys {path} cannot be read: {exc}") from exc
    return parse_keys(text, str(path))


def parse_keys(text: str, source: str) -> tuple[ApiKey, ...]:
    """The keys of a file's text.

    Raises:
        SettingsError: a line is none of a key, or two have one name.
    """
    keys: dict[str, ApiKey] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise SettingsError(f"line {number} of {source} is not of the form 'name sha256:digest'")
        if match["name"] in keys:
            raise SettingsError(f"line {number} of {source} gives {match['name']} a second key")
        keys[match["name"]] = ApiKey(match["name"], bytes.fromhex(match["digest"]))
    return tuple(keys.values())
