"""A photo as it is kept: small, without metadata, with what the model says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.feedback.margin import normalised_margin
from app.inference.predictor import Predictor
from app.vision.evidence import jpeg_bytes

# A photo that is learned from should show no blocks; 1024 px are about 250 kB so.
_QUALITY = 90


@dataclass(frozen=True)
class KeptPhoto:
    """`jpeg` is the photo, `probabilities` of every label are what the model `looked_at_by` says of it.

    What a client claims that the model said proves nothing, and is not asked for: the photo is looked at once more when
    it comes, by the model that is then served. That takes no secret that servers share, outlives restarts, and says
    the same of every photo of the list.
    """

    jpeg: bytes
    looked_at_by: str
    verdict: str
    probabilities: Mapping[str, float]
    margin: float


def look_at(
    image_bytes: bytes,
    labels: tuple[str, ...] | None,
    predictor: Predictor,
    max_side_px: int,
    ensure_wanted: Callable[[], None] = lambda: None,
) -> KeptPhoto:
    """The photo to keep, of the bytes as they arrived and the labels it is said to show.

    Raises:
        PhotoError, BusyError: see `Predictor.predict`.
    """
    found = predictor.predict(image_bytes, ensure_wanted)
    card = predictor.bundle.card
    probabilities = {row.label.label: round(row.probability, 6) for row in found.classification.predictions}
    margin = normalised_margin(probabilities, labels, card.task)
    jpeg = jpeg_bytes(found.image, max_side_px, _QUALITY)
    return KeptPhoto(jpeg, card.folder_name, found.classification.verdict, probabilities, margin)
