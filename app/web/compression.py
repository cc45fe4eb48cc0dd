"""Small texts are sent compressed to browsers that take it: a page, its style and its script are a third so large."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

_LEAST_BYTES = 1_000
# Above it come the pages with photos, which compress badly and would cost time.
_MOST_BYTES = 250_000
_LEVEL = 6
_TEXTS = ("text/html", "text/css", "text/javascript", "application/json", "image/svg+xml")


def init_compression(app: Flask) -> None:
    """Compresses answers to GET alone: a length tells nothing where an answer has no part that a stranger chose."""

    @app.after_request
    def compress(response: Response) -> Response:
        if response.mimetype in _TEXTS:
            response.vary.add("Accept-Encoding")
            if _is_worth_it(response):
                _compress(response)
        return response


def _is_worth_it(response: Response) -> bool:
    length = response.content_length or 0
    return (
        request.method == "GET"
        and response.status_code == 200
        and _LEAST_BYTES <= length <= _MOST_BYTES
        and "Content-Encoding" not in response.headers
        and request.accept_encodings.quality("gzip") > 0
    )


def _compress(response: Response) -> None:
    response.direct_passthrough = False
    response.set_data(gzip.compress(response.get_data(), _LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    etag, _ = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)  # Of the same text, not of the same bytes.
