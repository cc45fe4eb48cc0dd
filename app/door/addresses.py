"""Addresses of clients: whose they are, and how much of one may be told."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# What one customer of an internet provider gets; source: RFC 6177, section 2, and RIPE-690.
_CLIENT_BITS = {4: 32, 6: 64}
# What says roughly where somebody is, not who.
_NETWORK_BITS = {4: 24, 6: 48}
_MAX_CHARS = 100  # Of IPv6, with a zone and a port; whatever is longer is none, and not worth keeping.


def parse_address(text: str) -> IPAddress | None:
    """An address, with or without a port (`192.0.2.1:80`, `[2001:db8::1]:80`); None if it is none.

    An IPv4 address in IPv6's clothes (`::ffff:192.0.2.1`) is the IPv4 address.
    """
    return _parsed(text) if len(text) <= _MAX_CHARS else None


@lru_cache(maxsize=1024)  # A request asks four times for one address.
def _parsed(text: str) -> IPAddress | None:
    for candidate in (text, text.rpartition(":")[0], text.partition("]")[0].removeprefix("[")):
        try:
            address = ipaddress.ip_address(candidate.strip().partition("%")[0])  # Without a zone.
        except ValueError:
            continue
        return getattr(address, "ipv4_mapped", None) or address
    return None


def is_within(address: IPAddress, networks: Sequence[IPNetwork]) -> bool:
    """Whether one of the networks has the address."""
    return any(address.version == network.version and address in network for network in networks)


def client_of(text: str) -> str:
    """Whom to count a request for: an IPv4 address, or the IPv6 network (/64) that one customer has."""
    return _shortened(text, _CLIENT_BITS)


def network_of(text: str) -> str:
    """An address for a log that is to name nobody: its /24, or /48 of IPv6."""
    return _shortened(text, _NETWORK_BITS)


def _shortened(text: str, bits: dict[int, int]) -> str:
    address = parse_address(text)
    if address is None:
        return "unknown"
    network = ipaddress.ip_network((address, bits[address.version]), strict=False)
    return str(address) if network.prefixlen == address.max_prefixlen else str(network)
