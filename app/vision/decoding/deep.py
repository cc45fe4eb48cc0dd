"""Grey of more than 8 bits -> 8 bits: 16-bit PNG and TIFF, and TIFF of floats."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.vision.decoding.pixels import Flatten, flatten_8_bit

_STRIP_ROWS = 128


def flattening(image: Image.Image) -> Flatten:
    """What makes 8 bits of rows of this image, whatever its mode."""
    if image.mode == "F":
        return partial(_grey_of_floats, white=_white_of(image))
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _grey_of_integers
    return flatten_8_bit


def _grey_of_integers(image: Image.Image) -> Image.Image:
    """16-bit grey, also when held in 32 bits; the one value that stands for clear becomes white."""
    values = np.asarray(image)
    grey = (np.clip(values, 0, 65535).astype(np.int64) + 128) // 257
    clear = image.info.get("transparency")
    return Image.fromarray((grey if clear is None else np.where(values == clear, 255, grey)).astype(np.uint8))


def _white_of(image: Image.Image) -> float:
    """The float that means white: 1 if none is above, else 255."""
    width, height = image.size
    strips = ((0, top, width, min(top + _STRIP_ROWS, height)) for top in range(0, height, _STRIP_ROWS))
    return 1.0 if max(_finite(image.crop(strip)).max() for strip in strips) <= 1.0 else 255.0


def _grey_of_floats(image: Image.Image, white: float) -> Image.Image:
    scaled = np.clip(_finite(image), 0.0, white) * np.float32(255.0 / white)
    return Image.fromarray(np.rint(scaled).astype(np.uint8))


def _finite(image: Image.Image) -> NDArray[np.float32]:
    """The values, with 0 for what is no number."""
    return np.asarray(np.nan_to_num(np.asarray(image)))
