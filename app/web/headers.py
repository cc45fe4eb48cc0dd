"""Headers that keep a page from doing what it was not made to do."""

from __future__ import annotations

from flask import Flask, Response, request

# Nothing from elsewhere, no inline script, no style but our own; pictures also as data: URIs, which is how a photo and
# its heat map come back without being stored.
_POLICY = (
    "default-src 'none'; img-src 'self' data: blob:; style-src {style_source}; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# The report is one self-contained file: its style and plots are inside it, and it has no script.
REPORT_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'"

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": with it browsers hide the Origin of our own forms too, see same_origin.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    # A photo and what was found in it are nobody else's; what may be kept, as static files, says so itself.
    "Cache-Control": "no-store",
}


def init_security_headers(app: Flask, style_source: str, hsts_s: int) -> None:
    """Adds the headers to every answer that has not set its own.

    Args:
        style_source: of the pages' style, as the policy names it.
        hsts_s: how long a browser that came by https is to keep to it; 0 says nothing.
    """
    headers = _HEADERS | {"Content-Security-Policy": _POLICY.format(style_source=style_source)}

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if hsts_s and request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={hsts_s}"
        return response
