"""Photos as a check has them, made without files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tests.training.splitting.photo_rows import structured_hash
from training.check.findings import CheckedPhoto, Finding
from training.check.photo_facts import PhotoFacts
from training.data import PhotoRow

DATA = Path("photos")


def checked(
    place: str, *, labels: tuple[str, ...] | None = None, source: str | None = None, **facts: Any
) -> CheckedPhoto:
    """A usable photo at a place below the data folder; all of a kind but for what is given of its facts."""
    path = DATA / place
    own: dict[str, Any] = {
        "n_bytes": 1000,
        "sha256": place,
        "width": 640,
        "height": 480,
        "format": "JPEG",
        "perceptual_hash": structured_hash(int(hashlib.sha256(place.encode()).hexdigest()[:8], 16)),
    }
    row = PhotoRow(path, place.split("/")[0], Path(place).parent.as_posix(), source or place, several=labels)
    return CheckedPhoto.of(row, PhotoFacts(path, **(own | facts)))


def told(findings: list[Finding]) -> list[tuple[str, list[str]]]:
    """Each finding's kind, and its photos below the data folder."""
    return [(f.kind, [path.relative_to(DATA).as_posix() for path in f.photos]) for f in findings]
