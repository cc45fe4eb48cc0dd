"""`/api/v1/feedback`: say whether a prediction was right, and take it back."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.api.shapes import FeedbackKept, FeedbackWithdrawn, to_json
from app.door.rate_limits import charge_feedback
from app.feedback.body import read_feedback
from app.feedback.service import Feedback
from app.inference.model_slot import ModelSlot
from app.ops.admission import ensure_client_waits
from app.ops.outcome import note_feedback
from app.ops.request_log import request_id


def make_feedback_api(slot: ModelSlot, feedback: Feedback) -> Blueprint:
    """The blueprint of feedback in JSON."""
    api = Blueprint("feedback_api", __name__)

    @api.post("/api/v1/feedback")
    def say() -> Response:
        charge_feedback()
        said, image_bytes = read_feedback(request)
        kept = feedback.keep(said, image_bytes, slot.predictor, ensure_client_waits)
        note_feedback(said.is_right)
        return jsonify(to_json(FeedbackKept(request_id(), kept.receipt, kept.has_photo, kept.until.isoformat())))

    @api.delete("/api/v1/feedback/<receipt>")
    def withdraw(receipt: str) -> Response:
        feedback.store.withdraw(receipt)
        return jsonify(to_json(FeedbackWithdrawn(request_id())))

    return api
