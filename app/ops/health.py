"""`/healthz`: the process lives. `/readyz`: a real prediction worked."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.inference.model_slot import ModelSlot


def make_health(slot: ModelSlot) -> Blueprint:
    """The blueprint of the two probes."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        return jsonify({"status": "ok"})

    @health.get("/readyz")
    def readyz() -> Response:
        card = slot.predictor.bundle.card
        return jsonify({"status": "ready", "model": {"name": card.name, "version": card.version}})

    return health
