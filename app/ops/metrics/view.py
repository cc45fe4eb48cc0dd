"""`GET /metrics`, for those who may: nothing of it is a visitor's affair."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import NotFound

from app.door.client import current_client
from app.errors import KeyMissingError
from app.ops.metrics.exposition import exposition
from app.ops.metrics.tally import Tally

_PATH = "/metrics"


def init_metrics(app: Flask, tally: Tally, place: str) -> None:
    """Serves `/metrics` in one place.

    Args:
        place: "off", nowhere; "on", as everything else; "key", to who shows an API key; "HOST:PORT", at that port
            alone, where there is nothing else.
    """
    port = place.rpartition(":")[2] if ":" in place else None

    @app.before_request
    def keep_apart() -> None:
        is_at_port = request.environ.get("SERVER_PORT") == port
        if port is not None and is_at_port != (request.path == _PATH):
            raise NotFound

    if place != "off":
        app.register_blueprint(_make_metrics(tally, place))


def _make_metrics(tally: Tally, place: str) -> Blueprint:
    metrics = Blueprint("metrics", __name__)

    @metrics.get(_PATH)
    def show() -> Response:
        if place == "key" and current_client().key_name is None:
            raise KeyMissingError("A key is needed. Send it as 'Authorization: Bearer KEY', or as 'X-API-Key: KEY'.")
        text, content_type = exposition(tally.regions(), request.headers.get("Accept", ""))
        return Response(text, content_type=content_type)

    return metrics
