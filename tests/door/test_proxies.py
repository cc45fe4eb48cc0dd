"""Who the client is: what a proxy that we trust says, and what anybody else may write."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any

import pytest

from app.door.proxies import TrustedProxies

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))


def client_seen(peer: str, forwarded_for: str | None = None, trusted: tuple[Any, ...] = TRUSTED) -> str:
    """Whom the application takes for the client."""
    environ = {"REMOTE_ADDR": peer}
    if forwarded_for is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded_for

    def application(environ: dict[str, Any], _start_response: Any) -> Iterable[bytes]:
        return [environ["REMOTE_ADDR"].encode()]

    [seen] = TrustedProxies(application, trusted)(environ, None)
    return seen.decode()


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "192.0.2.1, 10.0.0.9", "192.0.2.1"),  # Two proxies.
        ("10.0.0.1", "192.0.2.1:4711", "192.0.2.1"),
        ("::ffff:10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("2001:db8:ffff::1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "10.0.0.8", "10.0.0.8"),  # One of our own asks.
    ],
)
def test_a_trusted_proxy_names_the_client(peer: str, forwarded_for: str | None, client: str) -> None:
    assert client_seen(peer, forwarded_for) == client


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        ("127.0.0.1, 192.0.2.1", "192.0.2.1"),
        ("10.0.0.9, 192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, unknown", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        (",,", "10.0.0.1"),
        ("192.0.2.1, 10.0.0.9 evil", "10.0.0.1"),
    ],
)
def test_what_a_client_writes_in_front_is_not_believed(forwarded_for: str, client: str) -> None:
    assert client_seen("10.0.0.1", forwarded_for) == client


@pytest.mark.parametrize("trusted", [TRUSTED, ()])
@pytest.mark.parametrize("forwarded_for", ["127.0.0.1", "10.0.0.1", "192.0.2.1, 10.0.0.1"])
def test_who_is_no_trusted_proxy_is_the_client_whatever_it_says(trusted: tuple[Any, ...], forwarded_for: str) -> None:
    assert client_seen("198.51.100.7", forwarded_for, trusted) == "198.51.100.7"


def test_a_peer_without_an_address_stays_without_one() -> None:
    assert client_seen("", "192.0.2.1") == ""
