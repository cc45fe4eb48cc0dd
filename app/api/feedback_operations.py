"""What the OpenAPI document says of feedback, where the server takes it."""

from __future__ import annotations

from typing import Any

from app.api import examples
from app.api.operations import BASE64, Body, Operation, Parameter
from app.errors import (
    BusyError,
    ConsentMissingError,
    DamagedImageError,
    EmptyPhotoError,
    FeedbackFullError,
    FeedbackUnavailableError,
    KeyMissingError,
    KeyUnknownError,
    LabelsRefusedError,
    MalformedBase64Error,
    MalformedRequestError,
    ModelUnavailableError,
    RateLimitedError,
    ReceiptUnknownError,
    RequestTooLargeError,
    TooCostlyImageError,
    TooManyPixelsError,
    UnsupportedContentTypeError,
    UnsupportedImageError,
)
from app.feedback.statement import MAX_LABELS, MAX_NAME_CHARS, PREDICTION_ID
from app.vision.card import PLAIN_NAME

_NAME = {"type": "string", "maxLength": MAX_NAME_CHARS, "pattern": f"^{PLAIN_NAME}$"}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "prediction_id": {
            "type": "string",
            "pattern": PREDICTION_ID,
            "description": "Of the result. Saying something else of the same prediction replaces what was said before.",
        },
        "model": {
            "type": "object",
            "properties": {"name": _NAME, "version": _NAME},
            "required": ["name", "version"],
            "additionalProperties": False,
            "description": "Of the answer.",
        },
        "right": {"type": "boolean", "description": "Whether the verdict was right."},
        "labels": {
            "type": "array",
            "maxItems": MAX_LABELS,
            "items": {"type": "string"},
            "description": "What the photo really shows, as slugs of `GET /api/v1/labels`; empty: none of them. "
            "Left out where nobody knows.",
        },
        "consent": {
            "type": "boolean",
            "default": False,
            "description": "That the photo may be kept, to learn from it: whose it is has agreed.",
        },
        "photo": {**BASE64, "description": "The photo as base64, if it may be kept. Only with `consent`."},
    },
    "required": ["prediction_id", "model", "right"],
    "dependentSchemas": {"photo": {"properties": {"consent": {"const": True}}, "required": ["consent"]}},
    "additionalProperties": False,
}
_DOOR = (KeyMissingError, KeyUnknownError, RateLimitedError)


def feedback_operations(max_days: int, max_side_px: int) -> tuple[Operation, ...]:
    """Saying something, and taking it back. Both are counted as a photo is."""
    return (
        Operation(
            "say",
            "post",
            "/api/v1/feedback",
            "Was it right?",
            f"Keeps what somebody says of a prediction, at most {max_days} days. A photo is kept only with `consent`, "
            f"without its metadata, at most {max_side_px} px wide and high; it is looked at once more for that. "
            "Keep the `receipt`: with it all of this can be deleted, and without it nobody knows whose it was.",
            examples.FEEDBACK_KEPT,
            bodies={"application/json": Body("What is said.", _SCHEMA, example=examples.FEEDBACK)},
            errors=(
                *_DOOR,
                *(MalformedRequestError, RequestTooLargeError, UnsupportedContentTypeError),
                *(ConsentMissingError, LabelsRefusedError),
                *(EmptyPhotoError, MalformedBase64Error, UnsupportedImageError, DamagedImageError),
                *(TooManyPixelsError, TooCostlyImageError),
                *(BusyError, ModelUnavailableError, FeedbackFullError, FeedbackUnavailableError),
            ),
        ),
        Operation(
            "withdraw",
            "delete",
            "/api/v1/feedback/{receipt}",
            "Take it back",
            "Deletes what was kept under the receipt, the photo too.",
            examples.FEEDBACK_WITHDRAWN,
            parameters=(Parameter("receipt", "As it was given.", {"type": "string", "minLength": 1}, where="path"),),
            errors=(*_DOOR, ReceiptUnknownError, FeedbackUnavailableError),
        ),
    )
