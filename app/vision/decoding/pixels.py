"""Pixels of any kind -> 8-bit L, RGB, CMYK or LAB over white, made smaller: a strip at a time.

A photo of 64 megapixels is 256 MB when decoded; whole copies on the way to RGB made four times that of it. The
process that decodes HEIC uses this too, so it does without NumPy.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

_STRIP_PX = 1 << 20
_WHITE = (255, 255, 255)  # By its name it would load a module, which the process that decodes HEIC cannot.
_FLAT = ("L", "RGB", "CMYK", "LAB")
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
# Those of libjpeg's scaled decoding: other formats are reduced alike.
_FACTORS = (8, 4, 2)

Rows = Callable[[int, int], Image.Image]  # (top, bottom) -> those rows of a photo, its whole width
Flatten = Callable[[Image.Image], Image.Image]


def factor_for(size: tuple[int, int], decode_px: int | None) -> int:
    """By how much a photo of this size may be reduced so that both its sides keep `decode_px`: 8, 4, 2 or 1."""
    if decode_px is None:
        return 1
    return next((factor for factor in _FACTORS if min(size) // decode_px >= factor), 1)


def shrink(image: Image.Image, flatten: Flatten, factor: int) -> Image.Image:
    """A decoded photo, flattened and reduced; the photo itself where there is nothing to do."""
    if factor == 1 and is_flat(image):
        return image
    return shrink_rows(image.size, lambda top, bottom: image.crop((0, top, image.width, bottom)), flatten, factor)


def shrink_rows(size: tuple[int, int], rows: Rows, flatten: Flatten, factor: int) -> Image.Image:
    """A photo of `size`, given by its rows, flattened and then reduced: each pixel the mean of `factor` x `factor`."""
    width, height = size
    step = max(1, _STRIP_PX // (width * factor)) * factor
    whole: Image.Image | None = None
    for top in range(0, height, step):
        strip = flatten(rows(top, min(top + step, height)))
        strip = strip.reduce(factor) if factor > 1 else strip
        whole = whole or Image.new(strip.mode, (strip.width, -(-height // factor)))
        whole.paste(strip, (0, top // factor))
    assert whole is not None, "a photo has at least one row"
    return whole


def is_flat(image: Image.Image) -> bool:
    """Whether its pixels are 8 bits each, opaque, and of one of the modes that `shrink` gives."""
    return image.mode in _FLAT and "transparency" not in image.info


def flatten_8_bit(image: Image.Image) -> Image.Image:
    """Rows of a mode of 8 bits or fewer as L, RGB, CMYK or LAB; what is transparent is laid over white."""
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        with_alpha = image.convert("RGBA")
        over_white = Image.new("RGB", image.size, _WHITE)
        over_white.paste(with_alpha, mask=with_alpha.getchannel("A"))
        return over_white
    return image if image.mode in _FLAT else image.convert("L" if image.mode == "1" else "RGB")
