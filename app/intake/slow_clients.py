"""Clients that stop in the middle of a request, and bodies that are refused before they have arrived.

gunicorn's threads wait for a body without a deadline: as many stalled uploads as there are threads would stop a worker.
And it closes a connection whose body was not read, which a client that is still sending meets as a reset: it would
never see why its photo was refused.
"""

from __future__ import annotations

import time
from typing import Any

from flask import Flask, Response, request

MAX_STALL_S = 20.0
MAX_UNREAD_BYTES = 100_000_000
MAX_UNREAD_S = 10.0
_STEP_BYTES = 65_536


def init_slow_clients(app: Flask) -> None:
    """Ends requests that stall for `MAX_STALL_S`; reads away what is left of a body before its answer is sent.

    Only under gunicorn, which tells the socket and where a body ends.
    """

    @app.before_request
    def set_deadline() -> None:
        _set_timeout(request.environ, MAX_STALL_S)

    @app.after_request
    def read_the_rest(response: Response) -> Response:
        if "wsgi.input_terminated" in request.environ:
            _read_away(request.environ)
        _set_timeout(request.environ, None)
        return response


def _set_timeout(environ: dict[str, Any], seconds: float | None) -> None:
    sock = environ.get("gunicorn.socket")
    if sock is not None:
        sock.settimeout(seconds)


def _read_away(environ: dict[str, Any]) -> None:
    """Within limits: who sends more than `MAX_UNREAD_BYTES`, or slowly, is cut off after all."""
    n_read, until = 0, time.monotonic() + MAX_UNREAD_S
    try:
        while n_read < MAX_UNREAD_BYTES and (left_s := until - time.monotonic()) > 0:
            _set_timeout(environ, left_s)
            chunk = environ["wsgi.input"].read(_STEP_BYTES)
            if not chunk:
                return
            n_read += len(chunk)
    except OSError:  # Also what gunicorn raises for broken chunks. The client is gone, or has no claim to an answer.
        return
