"""Who the client is, behind proxies that the operator names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from app.door.addresses import IPNetwork, is_within, parse_address

WSGIApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class TrustedProxies:
    """Lets `REMOTE_ADDR` be the client whom trusted proxies name in `X-Forwarded-For`, and nobody else.

    Each proxy adds, on the right, the address it was asked from. So the client is the rightmost that is no trusted
    proxy; what stands left of it anybody may have written. Addresses rather than a count of proxies (Werkzeug's
    ProxyFix): a request that comes past the proxy is then not believed either. gunicorn does the same for the scheme
    (`X-Forwarded-Proto`), told the same addresses by `gunicorn_conf`.
    """

    def __init__(self, application: WSGIApp, trusted: Sequence[IPNetwork]) -> None:
        self._application = application
        self._trusted = trusted

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """A WSGI application."""
        peer, named = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
        environ["REMOTE_ADDR"] = self._client([*named.split(","), peer] if named else [peer])
        return self._application(environ, start_response)

    def _client(self, hops: list[str]) -> str:
        """Of the addresses, the client's first: the last one that the next one, trusted, names."""
        client = hops[-1]
        for hop in reversed(hops):
            address = parse_address(hop)
            if address is None:
                return client
            client = str(address)
            if not is_within(address, self._trusted):
                return client
        return client
