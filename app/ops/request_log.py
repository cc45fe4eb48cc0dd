"""Request ids, and one log line a request."""

from __future__ import annotations

import logging
import re
import time
import uuid
from urllib.parse import quote

from flask import Flask, Response, g, request

from app.door.addresses import network_of
from app.door.client import Client

_HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")

_log = logging.getLogger("app.request")


def init_request_log(app: Flask, addresses: str = "none") -> None:
    """Gives every request an id, the client's own if it is well-formed, and logs it when it is answered.

    Args:
        addresses: of the client's address, what is logged: "none", its "network", or the "full" one. None by default:
            an address is personal data, and what it is good for (limits, who is slow) is done without writing it down.
    """

    @app.before_request
    def begin() -> None:
        g.started = time.monotonic()
        given = request.headers.get(_HEADER, "")
        g.request_id = given if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex

    @app.after_request
    def end(response: Response) -> Response:
        response.headers[_HEADER] = request_id()
        taken_ms = 1000 * (time.monotonic() - g.started)
        path = quote(request.path)  # A decoded line break would let a client write lines of its own.
        who = _who(addresses)
        _log.info("%s %s %d %.1f ms %s%s", request.method, path, response.status_code, taken_ms, request_id(), who)
        return response


def request_id() -> str:
    """The id of the request being answered."""
    return str(g.request_id)


def _who(addresses: str) -> str:
    """The end of a line: whose key was shown, and what is to be said of the address."""
    client: Client | None = g.get("client")
    key = f" key {client.key_name}" if client and client.key_name else ""
    address = request.remote_addr or "unknown"
    told = {"none": "", "network": f" from {network_of(address)}", "full": f" from {address}"}
    return key + told[addresses]
