"""`/healthz`: the process lives. `/readyz`: a real prediction worked."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.api.answers import served_model
from app.api.shapes import Health, Readiness, to_json
from app.inference.model_slot import ModelSlot


def make_health(slot: ModelSlot) -> Blueprint:
    """The blueprint of the two probes."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        return jsonify(to_json(Health()))

    @health.get("/readyz")
    def readyz() -> Response:
        return jsonify(to_json(Readiness(served_model(slot.ensure_ready().bundle.card), refused=slot.refused)))

    return health
