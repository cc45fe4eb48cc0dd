"""Which IP addresses are the internet's: everything else may be ours, our operator's or our cloud's."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from app.intake.url_fetch.photo_url import IPAddress

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# Source: IANA IPv4 Special-Purpose Address Registry; multicast (RFC 5771), reserved (RFC 1112).
_DENIED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Public by its number, and the host of every Azure machine: learn.microsoft.com/azure.
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Only this part of IPv6 is given out to the public: the rest, loopback to multicast, needs no row here.
# Source: IANA IPv6 Global Unicast Address Assignments, IPv6 Special-Purpose Address Registry.
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_DENIED_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo, which carries an IPv4 address, and ORCHID are in it.
        "2001:db8::/32",
        "2002::/16",  # 6to4, which carries an IPv4 address.
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# An IPv6 network without IPv4 reaches it so. Source: RFC 6052, section 2.1. Of local-use prefixes (64:ff9b:1::/48,
# RFC 8215) nobody can tell where the IPv4 address is, so they are not public.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: IPAddress, denied: Sequence[IPNetwork] = ()) -> bool:
    """Whether an address is the internet's, and none that the operator denies.

    An IPv4 address inside an IPv6 one is judged as itself behind the NAT64 prefix; in any other form it is refused.
    """
    if address.version == 6 and address in _NAT64:
        inside = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        return is_public(inside, denied) and not _is_in(address, denied)
    if address.version == 4:
        listed = not _is_in(address, _DENIED_V4)
    else:
        listed = address in _PUBLIC_V6 and not _is_in(address, _DENIED_V6)
    return listed and address.is_global and not address.is_multicast and not _is_in(address, denied)


def _is_in(address: IPAddress, networks: Sequence[IPNetwork]) -> bool:
    return any(address in network for network in networks)
