"""Site: which hosts a request may reach, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Site:
    """Hosts that one kind of request may reach (`.nps.gov`: and all below it).

    `min_pause_s` is the least pause between two requests to one of them, where it is longer than everybody's.
    """

    hosts: tuple[str, ...]
    min_pause_s: float = 0.0

    def has(self, url: str) -> bool:
        """Whether this is an http(s) address of one of the hosts, without a user's name or password in it."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return False
        known = any(host == name or (name.startswith(".") and host.endswith(name)) for name in self.hosts)
        return known and parts.scheme in ("http", "https") and "@" not in parts.netloc


def site_of(base_url: str, min_pause_s: float = 0.0) -> Site:
    """The host of this address alone."""
    return Site((urlsplit(base_url).hostname or "",), min_pause_s)
