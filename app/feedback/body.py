"""Feedback as it is sent: JSON from clients, a form from our page."""

from __future__ import annotations

import json
from typing import Any

from flask import Request

from app.errors import ConsentMissingError, MalformedRequestError, UnsupportedContentTypeError
from app.feedback.statement import Statement, parse_statement
from app.intake.base64_json import read_base64

KEYS = ("prediction_id", "model", "right", "labels", "consent", "photo")
_SHAPE = "Its keys are " + ", ".join(f"'{key}'" for key in KEYS) + "; /docs describes them."


def read_feedback(request: Request) -> tuple[Statement, bytes | None]:
    """What is said, and the photo that may be kept.

    Raises:
        UnsupportedContentTypeError: no JSON.
        MalformedRequestError: JSON of another shape.
        ConsentMissingError: a photo without `"consent": true`.
        PhotoError: the photo is empty, or not base64.
    """
    if request.mimetype != "application/json":
        raise UnsupportedContentTypeError(f"Feedback is taken as application/json, not as {request.mimetype!r}.")
    body = _parse(request)
    said = parse_statement(body.get("prediction_id"), body.get("model"), body.get("right"), body.get("labels"))
    photo, consent = body.get("photo"), body.get("consent", False)
    if not isinstance(consent, bool) or not isinstance(photo, str | None):
        raise MalformedRequestError("consent must be true or false, photo base64 text.")
    if photo is None:
        return said, None
    if not consent:
        raise ConsentMissingError('A photo is kept only with "consent": true. Ask who it belongs to, or leave it out.')
    return said, read_photo_text(photo)


def read_photo_text(text: str) -> bytes:
    """The bytes of a photo that came as base64 text.

    Raises:
        EmptyPhotoError, MalformedBase64Error: it is none.
    """
    photo = read_base64(text, "photo")
    if photo.error is not None:
        raise photo.error
    return photo.image_bytes


def _parse(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError) as exc:
        raise MalformedRequestError(f"The body is not JSON. {_SHAPE}") from exc
    if not isinstance(body, dict) or not set(body) <= set(KEYS):
        raise MalformedRequestError(f"Feedback is a JSON object. {_SHAPE}")
    if None in body.values():
        raise MalformedRequestError(f"null says nothing: leave the key out. {_SHAPE}")
    return body
