"""What schemathesis cannot know of the API: bytes that are a photo, that photos fail one by one, the model's labels.

Its command imports this module, which `tests/e2e/schemathesis.toml` names.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import schemathesis
from hypothesis import strategies
from PIL import Image

from tests.photos import encode

PHOTOS = [encode(Image.new("RGB", (width, 2), "green"), kind) for width, kind in ((3, "GIF"), (4, "PNG"), (5, "JPEG"))]

schemathesis.openapi.format("binary", strategies.sampled_from(PHOTOS))
schemathesis.openapi.format("byte", strategies.sampled_from([base64.b64encode(photo).decode() for photo in PHOTOS]))


@schemathesis.hook
def filter_body(_context: object, body: Any) -> bool:
    """Leaves out JSON of several photos some of which are none: the answer, rightly, is 200 with their errors.

    And feedback that is refused for what no schema says: labels of another model, a photo without consent.
    """
    if isinstance(body, dict) and "prediction_id" in body:
        return _fits_any_model(body.get("labels")) and ("photo" not in body or body.get("consent") is True)
    entries = body.get("photos") if isinstance(body, dict) else None
    if not isinstance(entries, list) or len(entries) < 2:
        return True
    texts = [entry.get("base64") for entry in entries if isinstance(entry, dict) and len(entry) == 1]
    whole = len(texts) == len(entries) and all(isinstance(text, str) for text in texts)
    return not (whole and any(not _is_photo(str(text)) for text in texts))


@schemathesis.hook
def filter_case(context: object, case: Any) -> bool:
    """The same of requests that are not made up but written down, from the schema's edges."""
    return bool(filter_body(context, case.body))


def _fits_any_model(labels: Any) -> bool:
    """Whether they are none, the one label that every model of these tests has, or no labels at all."""
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        return True
    return len(set(labels)) <= 1 and {*labels} <= {"other"}


def _is_photo(text: str) -> bool:
    try:
        return base64.b64decode(text, validate=True) in PHOTOS
    except (binascii.Error, ValueError):
        return False
