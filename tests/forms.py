"""Requests made without an app, and forms written out byte by byte, so that a test says exactly what is sent."""

from __future__ import annotations

from typing import Any

from werkzeug.test import EnvironBuilder

from app.intake.body import InMemoryRequest

BOUNDARY = "which-park-boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
# Options of a test client: gunicorn finds a body's end itself, and says so; so it can also take one without a length.
FROM_GUNICORN = {"environ_overrides": {"wsgi.input_terminated": True}}
CHUNKED = FROM_GUNICORN | {"headers": {"Transfer-Encoding": "chunked"}}


def form_body(*parts: tuple[str, str | None, bytes]) -> bytes:
    """The body of a form of (field, file name or None for a text field, content); its Content-Type is `FORM`."""
    body = b""
    for field, filename, content in parts:
        named = "" if filename is None else f'; filename="{filename}"'
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"{named}\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def form_part(disposition: bytes, content: bytes = b"1", *, end: bytes = b"--") -> bytes:
    """The body of a form of one part whose Content-Disposition is written out, for heads that no client should send."""
    head = b"--%s\r\nContent-Disposition: %s\r\n\r\n" % (BOUNDARY.encode(), disposition)
    return head + content + b"\r\n--%s%s\r\n" % (BOUNDARY.encode(), end)


def make_request(body: bytes, content_type: str | None = FORM, **environ: Any) -> InMemoryRequest:
    """A request as the readers of `app.intake` get it; `environ` are WSGI variables to set besides."""
    builder = EnvironBuilder("/predict", method="POST", data=body, content_type=content_type)
    return InMemoryRequest(builder.get_environ() | environ)
