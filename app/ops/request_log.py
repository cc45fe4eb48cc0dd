"""Request ids, and one log line a request."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, g, request

from app.door.addresses import network_of
from app.door.client import Client
from app.ops.outcome import outcome, route_of_request

_HEADER = "X-Request-ID"
_WITH_RECEIPT = "/api/v1/feedback/"
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
        if _log.isEnabledFor(logging.INFO):
            log(response)
        return response

    def log(response: Response) -> None:
        taken_ms = 1000 * (time.monotonic() - g.started)
        path = quote(_told(request.path))  # A decoded line break would let a client write lines of its own.
        text = "%s %s %d %.1f ms %s%s"
        who = _who_fields(addresses)
        arguments = (request.method, path, response.status_code, taken_ms, request_id(), _who(who))
        _log.info(text, *arguments, extra={"fields": _fields(response, path, taken_ms) | who})


def _told(path: str) -> str:
    """The path without the receipt that it may end in: who has one may delete what it is for."""
    return f"{_WITH_RECEIPT}RECEIPT" if path.startswith(_WITH_RECEIPT) else path


def request_id() -> str:
    """The id of the request being answered."""
    return str(g.request_id)


def _fields(response: Response, path: str, taken_ms: float) -> dict[str, Any]:
    """The same as the line, for machines, and what became of the photos: verdicts, or codes of errors."""
    found = outcome()
    return {
        "method": request.method,
        "path": path,
        "route": route_of_request(),
        "status": response.status_code,
        "code": found.code,
        "seconds": round(taken_ms / 1000, 4),
        "photos": found.photos,
    }


def _who(fields: dict[str, str]) -> str:
    """The end of a line: whose key was shown, and what is to be said of the address."""
    key = f" key {fields['key']}" if "key" in fields else ""
    return key + (f" from {fields['address']}" if "address" in fields else "")


def _who_fields(addresses: str) -> dict[str, str]:
    client: Client | None = g.get("client")
    key = {"key": client.key_name} if client and client.key_name else {}
    if addresses == "none":
        return key
    address = request.remote_addr or "unknown"
    return key | {"address": {"network": network_of(address), "full": address}[addresses]}
