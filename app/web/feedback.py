"""The pages of feedback: the thanks with the receipt, and where a receipt deletes what it is for."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from app.door.rate_limits import charge_feedback
from app.errors import ReceiptUnknownError
from app.feedback.form import read_feedback_form
from app.feedback.service import Feedback
from app.inference.model_slot import ModelSlot
from app.ops.admission import ensure_client_waits
from app.ops.outcome import note_error, note_feedback
from app.web.same_origin import ensure_same_origin

_RECEIPT_FIELD = "receipt"
_MAX_SHOWN_CHARS = 100


def make_feedback_pages(slot: ModelSlot, feedback: Feedback) -> Blueprint:
    """The blueprint; with it the other pages show what is asked of their visitors."""
    pages = Blueprint("feedback_pages", __name__)
    pages.before_request(ensure_same_origin)

    @pages.app_context_processor
    def about() -> dict[str, object]:
        return {"feedback_days": feedback.limits.max_feedback_days}

    @pages.post("/feedback")
    def say() -> str:
        charge_feedback()
        said, image_bytes = read_feedback_form(request)
        kept = feedback.keep(said, image_bytes, slot.predictor, ensure_client_waits)
        note_feedback(said.is_right)
        return render_template("feedback.html", kept=kept)

    @pages.get("/feedback")
    def ask_for_receipt() -> str:
        return render_template("feedback.html")

    @pages.post("/feedback/delete")
    def withdraw() -> Response:
        receipt = request.form.get(_RECEIPT_FIELD, "").strip()
        try:
            feedback.store.withdraw(receipt)
        except ReceiptUnknownError as error:
            note_error(error.code)
            shown = receipt[:_MAX_SHOWN_CHARS]
            return make_response(render_template("feedback.html", message=str(error), receipt=shown), error.status)
        return make_response(render_template("feedback.html", is_deleted=True))

    return pages
