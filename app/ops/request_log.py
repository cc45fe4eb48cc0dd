"""Request ids, and one log line a request."""

from __future__ import annotations

import logging
import re
import time
import uuid
from urllib.parse import quote

from flask import Flask, Response, g, request

_HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")

_log = logging.getLogger("app.request")


def init_request_log(app: Flask) -> None:
    """Gives every request an id, the client's own if it is well-formed, and logs it when it is answered."""

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
        _log.info("%s %s %d %.1f ms %s", request.method, path, response.status_code, taken_ms, request_id())
        return response


def request_id() -> str:
    """The id of the request being answered."""
    return str(g.request_id)
