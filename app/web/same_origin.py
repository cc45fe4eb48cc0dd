"""Forms are taken from our own pages: no other site can have a visitor's browser send one.

The browser itself says where a request comes from: in `Sec-Fetch-Site` (all since 2023, over https and to localhost)
and in `Origin` (all since 2020, with every POST). Nothing has to be kept for it, no cookie, no token in the form, no
secret that workers share, and it works without JavaScript. What names no origin is no browser of these years and is let
in: a forged request needs a browser, with what it may reach and what it is logged in to.
Source: F. Valsorda, "Cross-Site Request Forgery", 2025; CrossOriginProtection of Go's net/http does the same.

The API is not guarded so: it takes no cookie and no password that a browser adds by itself, so a foreign page gains
nothing there that it could not do from its own server; whether it may read the answer is the matter of CORS.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

from app.errors import ForeignOriginError

_READING = ("GET", "HEAD", "OPTIONS")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def ensure_same_origin() -> None:
    """Before a page answers.

    Raises:
        ForeignOriginError: a browser says that another site sends this form.
    """
    if request.method in _READING:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_ours = site in ("same-origin", "none") if site else origin is None or _is_ours(origin)
    if not is_ours:
        raise ForeignOriginError("This form was sent by another site. Open our own page and send it from there.")


def _is_ours(origin: str) -> bool:
    """Whether an Origin names the host we were asked as. "null", which hides it, does not."""
    try:
        scheme, host = urlsplit(origin)[:2]
    except ValueError:
        return False
    default_port = _DEFAULT_PORTS.get(scheme, "")
    return host != "" and host.lower().removesuffix(default_port) == request.host.lower().removesuffix(default_port)
