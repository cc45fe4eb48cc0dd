"""Which other sites' pages may use the API from their visitors' browsers: none, unless the operator names them."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask, Response, request

ANY_ORIGIN = "*"

_PATHS = ("/api/", "/predict", "/openapi.json")
_ASKED = "Access-Control-Request-Method"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-API-Key, X-Request-ID",
    "Access-Control-Max-Age": "600",
}
_EXPOSED = "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, WWW-Authenticate, X-Request-ID"


def init_cors(app: Flask, origins: Collection[str]) -> None:
    """Tells browsers that pages of these origins may read the API's answers, its errors too.

    Never with credentials: a key is sent by the page itself, in a header, or not at all.
    """
    if not origins:
        return

    @app.before_request
    def answer_preflight() -> Response | None:
        is_preflight = request.method == "OPTIONS" and _ASKED in request.headers
        return Response(status=204, headers=_PREFLIGHT) if is_preflight and _allowed(origins) else None

    @app.after_request
    def allow(response: Response) -> Response:
        if request.path.startswith(_PATHS):
            if ANY_ORIGIN not in origins:
                response.vary.add("Origin")
            if allowed := _allowed(origins):
                response.headers["Access-Control-Allow-Origin"] = allowed
                response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        return response


def _allowed(origins: Collection[str]) -> str | None:
    """What to say of the origin that asks: itself, or any; None where it is not allowed."""
    origin = request.headers.get("Origin")
    if origin is None or not request.path.startswith(_PATHS):
        return None
    if ANY_ORIGIN in origins:
        return ANY_ORIGIN
    return origin if origin in origins else None
