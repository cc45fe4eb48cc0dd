"""Requests that the application is to refuse: they take its answers, so that every error has one shape."""

from __future__ import annotations

import re

from gunicorn.config import Config
from gunicorn.http import get_parser
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine
from gunicorn.http.message import Request

from app.errors import BusyError, HeadTooLargeError, MalformedRequestError, RequestTimeoutError, WhichParkError

# What stands in the log for a request whose head could not be read.
_STAND_IN = b"GET /unreadable HTTP/1.1\r\nHost: unreadable\r\nConnection: close\r\n\r\n"


def stand_in(cfg: Config, client: object) -> Request:
    """A request in place of one that never arrived or makes no sense, for the application to answer."""
    return next(get_parser(cfg, iter([_STAND_IN]), client))


def unreadable(error: Exception) -> WhichParkError:
    """What is said of a head that gunicorn's parser refused with this error. The head itself is never repeated."""
    if isinstance(error, (LimitRequestLine, LimitRequestHeaders)):
        return too_large_head()
    reason = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", type(error).__name__).lower()
    return MalformedRequestError(f"This is no request of HTTP/1.1 ({reason}).")


def names_host(request: Request) -> bool:
    """Whether a request names its host, as HTTP/1.1 wants it (RFC 9112, section 3.2); HTTP/1.0 need not. One that names
    two has met its end in gunicorn's parser.
    """
    return bool(request.version < (1, 1)) or any(name == "HOST" for name, _ in request.headers)


def no_host() -> WhichParkError:
    """For a request of HTTP/1.1 that names none."""
    return MalformedRequestError("This is no request of HTTP/1.1 (it has to have a Host header).")


def too_large_head() -> WhichParkError:
    """For a request line or headers over their limits."""
    return HeadTooLargeError("The request line or the headers are too long. Photos belong in the body.")


def broken_chunks() -> WhichParkError:
    """For a chunked body whose framing has no sense."""
    return MalformedRequestError("The body is sent in chunks, and what stands between them is no size of a chunk.")


def too_many_chunks() -> WhichParkError:
    """For a body in so small chunks that there is more between them than in them."""
    return MalformedRequestError("The body is sent in far too small chunks. Send larger ones, or the body's length.")


def too_slow() -> WhichParkError:
    """For a head or a body that does not arrive in time."""
    return RequestTimeoutError("The request did not arrive in time. Send smaller photos, or try a better connection.")


def too_busy() -> WhichParkError:
    """For what arrives while too much waits already."""
    return BusyError("Too many photos are being looked at right now. Try again in a moment.")
