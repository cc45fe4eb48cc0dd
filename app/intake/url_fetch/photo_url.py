"""Text -> PhotoUrl: the one parser, of what is checked and of what is dialled.

It is stricter than browsers are: what two programs could read in two ways is refused, not repaired.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, urljoin

import idna

from app.errors import UrlRefusedError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL_CHARS = 2048
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PORTS = {"80": 80, "443": 443}
# Source: RFC 1035, section 2.3.4.
_MAX_HOST_CHARS = 253

_BEGINNING = re.compile(r"(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]+)(?::(.*))?", re.DOTALL)
# Letters, digits and hyphens (RFC 1123), and the underscore that some hosts of photos have.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# Source: url.spec.whatwg.org, "ends in a number": C libraries read such a name as an IPv4 address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# What RFC 3986 allows in a path or query, and `%`, so that what is encoded already stays as it is.
_KEPT = "%/:@!$&'()*+,;=~-._?[]"


@dataclass(frozen=True)
class PhotoUrl:
    """An http or https address, in one spelling.

    `host` is ASCII, in lower case, without a dot at its end; an IPv6 address without brackets. `path` and `query` are
    as they are sent. `address` is the host's where it is an IP address and not a name.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str | None
    address: IPAddress | None

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """What is asked of the host."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    @property
    def source(self) -> str:
        """The address without its query, which may hold secrets: for answers and logs."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def join(self, location: str) -> PhotoUrl:
        """Where a redirect leads.

        Raises:
            UrlRefusedError: nowhere we would go.
        """
        _ensure_plain(location)
        if location.startswith("//"):
            return parse_photo_url(f"{self.scheme}:{location}")
        if _SCHEME.match(location):
            return parse_photo_url(location)
        return parse_photo_url(urljoin(f"{self.scheme}://{self.authority}{self.target}", location))


def parse_photo_url(text: str) -> PhotoUrl:
    """The address that a text is.

    Raises:
        UrlRefusedError: it is none, or could be read in more than one way, or is on a port other than 80 and 443.
    """
    text = text.strip(" \t\r\n")
    _ensure_short(text)
    _ensure_plain(text)
    parts = _BEGINNING.fullmatch(text)
    if parts is None:
        raise UrlRefusedError("The address must begin with https:// or http://")
    scheme = parts[1].lower()
    if "@" in parts[2]:
        raise UrlRefusedError("The address has a user name or password before its host. Remove what stands before @.")
    host_and_port = _AUTHORITY.fullmatch(parts[2])
    if host_and_port is None:
        raise UrlRefusedError("The address names no host. It should look like https://example.org/half-dome.jpg")
    host, address = _parse_host(host_and_port[1])
    port = _parse_port(host_and_port[2], scheme)
    query = None if parts[4] is None else quote(parts[4], safe=_KEPT)
    url = PhotoUrl(scheme, host, port, quote(parts[3], safe=_KEPT) or "/", query, address)
    _ensure_short(url.target)
    return url


def _ensure_short(text: str) -> None:
    """Before it is encoded, and after: a letter that is not ASCII may become twelve characters."""
    if len(text) > MAX_URL_CHARS:
        raise UrlRefusedError(f"The address has {len(text)} characters, at most {MAX_URL_CHARS} are taken.")


def _ensure_plain(text: str) -> None:
    """Of characters that no program takes for another, or for none."""
    if "\\" in text or any(char.isspace() or unicodedata.category(char) in ("Cc", "Cs") for char in text):
        raise UrlRefusedError("The address has a space, a backslash or a control character in it. Copy it again.")


def _parse_port(text: str | None, scheme: str) -> int:
    if not text:
        return _DEFAULT_PORTS[scheme]
    if text not in _PORTS:
        raise UrlRefusedError("The address has another port than 80 and 443: photos are fetched from these alone.")
    return _PORTS[text]


def _parse_host(text: str) -> tuple[str, IPAddress | None]:
    """The host's one spelling, and its address if it is one."""
    try:
        if text.startswith("["):
            six = ipaddress.IPv6Address(_without_zone(text[1:-1]))
            return str(six), six
        host = _ascii_host(text).removesuffix(".")
        if _NUMBER.fullmatch(host.rpartition(".")[2]):
            four = ipaddress.IPv4Address(host)
            return str(four), four
    except ValueError as exc:  # Those of idna and ipaddress are ValueErrors.
        raise UrlRefusedError(
            f"The address's host is neither a name nor a plain IP address: {text[:_MAX_HOST_CHARS]!r}."
        ) from exc
    labels = host.split(".")
    if len(host) > _MAX_HOST_CHARS or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
        raise UrlRefusedError(f"The address's host is no whole name like example.org: {text[:_MAX_HOST_CHARS]!r}.")
    return host, None


def _without_zone(text: str) -> str:
    if "%" in text:
        raise ValueError("a zone is ours alone")
    return text


def _ascii_host(text: str) -> str:
    """The host in ASCII. Source: UTS #46, which also turns full-width digits and dots into plain ones."""
    if text.isascii():
        return text.lower()
    return idna.encode(text[: _MAX_HOST_CHARS + 1], uts46=True).decode("ascii").lower()
