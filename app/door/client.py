"""Who asks: somebody with a key, or an address."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, Request, Response, g, request
from werkzeug.datastructures import Authorization

from app.door.addresses import client_of
from app.door.key_ring import KeyRing
from app.errors import KeyMissingError, KeyUnknownError

_API_PATHS = ("/api/", "/predict")
# Whether the server lives is nobody's secret, and the pages' style is needed to say that a key is.
_FOR_EVERYBODY = ("health", "static")


@dataclass(frozen=True)
class Client:
    """`key_name` is whose key was shown, None without one; `address` where the request came from, see `proxies`."""

    key_name: str | None
    address: str

    @property
    def counted_as(self) -> str:
        """Whose requests are counted together."""
        return f"key {self.key_name}" if self.key_name else f"address {client_of(self.address)}"


def init_clients(app: Flask, ring: KeyRing | None, keys_needed_for: str) -> None:
    """Finds out who asks, and lets in who may; without a ring there are no keys, and everybody may.

    Args:
        keys_needed_for: "nothing", "api" or "everything". A key that is shown must be a good one anywhere.
    """

    @app.before_request
    def identify() -> None:
        g.client = Client(None, request.remote_addr or "")
        if ring is None or request.method == "OPTIONS":
            return
        secret = _shown_secret(request)
        if secret is not None:
            key = ring.find(secret)
            if key is None:
                raise _unknown()
            g.client = Client(key.name, g.client.address)
        elif _needs_key(keys_needed_for):
            raise KeyMissingError("A key is needed. Send it as 'Authorization: Bearer KEY', or as 'X-API-Key: KEY'.")

    @app.after_request
    def ask_for_key(response: Response) -> Response:
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = f'{"Bearer" if _is_api() else "Basic"} realm="Which Park?"'
        return response


def current_client() -> Client:
    """Who asked the request being answered."""
    client: Client = g.client
    return client


def _is_api() -> bool:
    return request.path.startswith(_API_PATHS)


def _needs_key(keys_needed_for: str) -> bool:
    if keys_needed_for == "everything":
        return request.endpoint != "static" and request.blueprint not in _FOR_EVERYBODY
    return keys_needed_for == "api" and _is_api()


def _shown_secret(request: Request) -> str | None:
    """A key out of the headers. For pages it is what a browser asks its user for, the password of "Basic".

    A browser adds that password by itself from then on, to what another site has it send too; so the API never takes
    it, and the pages' forms look at their origin.
    """
    shown: Authorization | None = request.authorization
    if shown is not None and shown.type == "bearer":
        return shown.token or None
    if shown is not None and shown.type == "basic" and not _is_api():
        return shown.password or None
    return request.headers.get("X-API-Key") or None


def _unknown() -> KeyMissingError | KeyUnknownError:
    if _is_api():
        return KeyUnknownError("This key is none of ours, or no longer.")
    return KeyMissingError("This key is none of ours, or no longer. Try another as the password.")
