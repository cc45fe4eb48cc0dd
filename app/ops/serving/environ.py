"""The WSGI variables with which the worker tells the application what it could not know."""

from __future__ import annotations

from typing import Any

from app.ops.serving.framing import readable_body

REFUSAL = "which_park.refusal"  # The error to answer with instead of anything else, or None.
IS_GONE = "which_park.is_gone"  # A function: whether the client has closed the connection.


def answer_informed(application: Any, environ: dict[str, Any], start_response: Any) -> Any:
    """Calls a WSGI application with these variables, and a body whose errors it knows."""
    sock = environ["gunicorn.socket"]
    environ[REFUSAL] = sock.refusal
    environ[IS_GONE] = sock.is_gone
    environ["wsgi.input"] = readable_body(environ["wsgi.input"], sock)
    return application(environ, start_response)
