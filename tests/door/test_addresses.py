"""Addresses: what is one, whose it is, and how much of it is told."""

from __future__ import annotations

import ipaddress

import pytest

from app.door.addresses import client_of, is_within, network_of, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:8080", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%" + 92 * "z", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_an_address_is_read_in_every_form_proxies_write(text: str, address: str) -> None:
    assert parse_address(text) == ipaddress.ip_address(address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fe80::1%" + 93 * "z",
        "unknown",
        "_hidden",
        "192.0.2",
        "192.0.2.256",
        "localhost",
        "a:b",
        "[",
        "192.0.2.1/24",
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("text", "client", "network"),
    [
        ("192.0.2.77", "192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0/24"),
        ("", "unknown", "unknown"),
    ],
)
def test_a_client_is_an_address_or_what_one_customer_has(text: str, client: str, network: str) -> None:
    assert (client_of(text), network_of(text)) == (client, network)


def test_an_address_is_in_a_network_of_its_kind() -> None:
    networks = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("2001:db8::/32")]
    inside = {
        text: is_within(ipaddress.ip_address(text), networks) for text in ("10.1.2.3", "11.0.0.1", "2001:db8::1", "::1")
    }
    assert inside == {"10.1.2.3": True, "11.0.0.1": False, "2001:db8::1": True, "::1": False}
