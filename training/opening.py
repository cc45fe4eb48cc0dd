"""A photo of a run, opened again: it could be opened when the run began, hours ago perhaps."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from app.errors import PhotoError
from app.vision.image_io import open_image
from app.vision.preprocess import PreprocessSpec
from training.errors import DataError


def open_again(source: Path | bytes, spec: PreprocessSpec) -> Image.Image:
    """The photo as `open_image` gives it for the network.

    Raises:
        DataError: it has gone, or cannot be opened any more.
    """
    try:
        return open_image(source, decode_px=spec.decode_px)
    except (OSError, PhotoError) as exc:
        raise DataError(
            f"{source if isinstance(source, Path) else 'A drawn picture'} could be opened before, and cannot any more: "
            f"{exc}. Bring it back, and give the same command again."
        ) from exc
