"""Examples of answers and bodies, for people who read the documentation."""

from __future__ import annotations

from app.api import shapes
from app.errors import TooManyPixelsError, WhichParkError

REQUEST_ID = "6f1c2a0e4b7d4c5f9d1e8a3b2c4d5e6f"

_MODEL = shapes.ServedModel("parks", "1")
_PREDICTIONS = (
    shapes.Prediction("yosemite", "Yosemite National Park", 0.931027),
    shapes.Prediction("sequoia", "Sequoia National Park", 0.052414),
    shapes.Prediction("other", "None of these", 0.012345),
    shapes.Prediction("yellowstone", "Yellowstone National Park", 0.004214),
)
_LOOKED_AT = shapes.Result(
    source="half-dome.jpg",
    prediction_id="0b7e6d5c4f3a42918c7d6e5f4a3b2c1d",
    verdict="match",
    label="yosemite",
    labels=("yosemite",),
    predictions=_PREDICTIONS,
    timing_ms=shapes.Timing(decode=4.1, queue=0.0, inference=7.9),
)
_FAILED = shapes.FailedResult(
    "poster.tif",
    shapes.Failure(TooManyPixelsError.code, "The photo has 20000 x 15000 pixels, at most 64 megapixels are looked at."),
)

ANSWER = shapes.Answer(REQUEST_ID, _MODEL, (_LOOKED_AT, _FAILED))
LABELS = shapes.Labels(
    (
        shapes.Label("other", "None of these", True),
        shapes.Label("yosemite", "Yosemite National Park", False, {"state": "California"}),
    )
)
FEEDBACK = {
    "prediction_id": _LOOKED_AT.prediction_id,
    "model": shapes.to_json(_MODEL),
    "right": False,
    "labels": ["sequoia"],
    "consent": True,
    "photo": "R0lGODdhAQABAIEAAChaPAAAAAAAAAAAACwAAAAAAQABAAAIBAABBAQAOw==",
}
FEEDBACK_KEPT = shapes.FeedbackKept(
    REQUEST_ID, "8c1XWvGZ2mWb0hN5rLk3tQy7uPzJfAeDsKqHnVxTgRo", photo_kept=True, kept_until="2027-05-24"
)
FEEDBACK_WITHDRAWN = shapes.FeedbackWithdrawn(REQUEST_ID)
READINESS = shapes.Readiness(_MODEL)
MODEL_CARD = shapes.ModelCard(
    schema_version=1,
    name="parks",
    version="1",
    task="single_label",
    labels=({"label": "other", "name": "None of these"}, {"label": "yosemite", "name": "Yosemite National Park"}),
    other_label="other",
    preprocess={"size_px": 224},
    temperature=1.3,
    thresholds={"match": {"other": 0.8, "yosemite": 0.8}},
    golden=(0.1, -0.2),
    precision="float32",
    metrics={"n_photos": 221},
    data={"n_sources": 135},
    training={"command": "python -m training train …"},
    runtime="onnxruntime on CPU",
)
# A green GIF of one pixel: an example that can be sent as it stands.
_GIF = "R0lGODdhAQABAIEAAChaPAAAAAAAAAAAACwAAAAAAQABAAAIBAABBAQAOw=="
PHOTO = {"base64": _GIF, "url": "https://example.org/half-dome.jpg"}


def problem(kind: type[WhichParkError]) -> shapes.Problem:
    """The problem that an error becomes; its detail is what the error's class says of itself."""
    detail = " ".join((kind.__doc__ or kind.title).partition("\n\n")[0].split())
    return shapes.Problem("about:blank", kind.title, kind.status, detail, kind.code, REQUEST_ID)
