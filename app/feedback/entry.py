"""One thing that was said, as it is kept. The store makes entries; pages and the trainer read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WAITING, ACCEPTED, REJECTED = "waiting", "accepted", "rejected"
STATES = (WAITING, ACCEPTED, REJECTED)


@dataclass(frozen=True)
class Entry:
    """`photo` is a JPEG, None where none was given or it is deleted; `labels` see `Statement`.

    `probabilities`, `verdict`, `looked_at_by` and `margin` are of the photo, empty without one. `state` is one of
    STATES, `reviewed_by` the name of the key that decided.
    """

    id: str
    said_at: int
    model_name: str
    model_version: str
    is_right: bool
    labels: tuple[str, ...] | None
    photo: bytes | None
    looked_at_by: str | None
    verdict: str | None
    probabilities: Mapping[str, float]
    margin: float | None
    state: str
    reviewed_at: int | None
    reviewed_by: str | None
