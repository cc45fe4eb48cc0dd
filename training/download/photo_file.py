"""Bytes that a provider delivered -> a photo in its place, or the reason why they are none we can use."""

from __future__ import annotations

import os
import re
from pathlib import Path

from app.errors import PhotoError, TooManyPixelsError
from app.vision.image_io import open_image
from app.vision.limits import ImageLimits

# The first bytes of what we keep. GIF, BMP and TIFF are hardly ever photos there.
_SUFFIXES = (
    (re.compile(rb"\xff\xd8\xff"), ".jpg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), ".png"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), ".webp"),
)


def suffix_of(content: bytes) -> str:
    """What a file of these bytes ends in; empty if they are no JPEG, PNG or WebP."""
    return next((suffix for first, suffix in _SUFFIXES if first.match(content)), "")


def objection_to(content: bytes, min_side_px: int, limits: ImageLimits | None = None) -> str:
    """Why these bytes are no photo we can use; empty if they are one. It is decoded in full, as training will."""
    if not suffix_of(content):
        return "not a photo's format"
    try:
        image = open_image(content, limits=limits)
    except TooManyPixelsError:
        return "too many pixels"
    except PhotoError:
        return "damaged"
    return "too small" if min(image.size) < min_side_px else ""


def write_photo(path: Path, content: bytes) -> None:
    """Writes beside its place, then moves it there: a kill in between leaves a `.part`, never half a photo.

    Raises:
        OSError: it cannot be written.
    """
    partial = path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
