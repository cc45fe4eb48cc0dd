"""Bytes of a photo -> an upright RGB image, within limits: the one door every photo passes, in training and serving."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
from PIL import Image

from app.errors import DamagedImageError, TooManyPixelsError, UnsupportedImageError
from app.vision.limits import ImageLimits

# Pillow tries 43 formats unless told which; these are the ones whose parsers a stranger may reach.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")  # JPEG brings MPO, the two-picture JPEG of some phones.
FORMATS_IN_WORDS = "JPEG, PNG, WebP, GIF, BMP or TIFF"

# The first bytes of each allowed format: they tell "damaged" from "not an image we read".
_SIGNATURE = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP|GIF8|BM|II[*+]\x00|MM\x00[*+]", re.DOTALL)

_EXIF_ORIENTATION = 0x0112
# Source: EXIF 2.32, tag Orientation; the transpose that brings each stored orientation upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_image(source: bytes | Path, *, limits: ImageLimits | None = None, decode_px: int | None = None) -> Image.Image:
    """Upright RGB image of the photo; of an animation, its first frame.

    Args:
        source: the photo's bytes, or its file.
        limits: checked on the header, before a pixel is decoded.
        decode_px: a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size as long as both sides keep this many pixels
            (libjpeg's scaled decoding, several times faster for phone photos); None decodes in full.
    Raises:
        UnsupportedImageError: not an image of an allowed format.
        TooManyPixelsError: larger than `limits.max_image_px`.
        DamagedImageError: an allowed format that cannot be decoded.
        OSError: `source` is a file that cannot be read.
    """
    limits = limits or ImageLimits()
    data = source.read_bytes() if isinstance(source, Path) else source
    image = _open_header(data, limits)
    try:
        if decode_px is not None:
            image.draft(None, (decode_px, decode_px))
        image.load()
        return _upright(_to_rgb(image), _orientation(image))
    except Exception as exc:  # Pillow's decoders raise nearly every built-in exception on hostile bytes.
        raise DamagedImageError("The image is damaged: its pixels cannot be decoded. Send the original file.") from exc


def _open_header(data: bytes, limits: ImageLimits) -> Image.Image:
    """The image with its header read and its size checked, nothing decoded."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise TooManyPixelsError(_too_many_pixels(limits)) from exc
    except Exception as exc:  # As above: header parsers raise whatever the bytes lead them to.
        if _SIGNATURE.match(data):
            raise DamagedImageError("The image is damaged: its header cannot be read. Send the original file.") from exc
        raise UnsupportedImageError(f"This is not an image we can read. Send {FORMATS_IN_WORDS}.") from exc
    width, height = image.size
    if width * height > limits.max_image_px:
        raise TooManyPixelsError(_too_many_pixels(limits, f"{width} x {height}"))
    return image


def _too_many_pixels(limits: ImageLimits, size: str = "many more") -> str:
    return (
        f"The image has too many pixels ({size}): at most {limits.max_image_px / 1e6:g} megapixels are taken. "
        "Send a smaller copy."
    )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # EXIF is an extra: a photo with broken metadata is still a photo, taken as stored.
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    method = _UPRIGHT.get(orientation)
    return image if method is None else image.transpose(method)


def _to_rgb(image: Image.Image) -> Image.Image:
    """RGB pixels; what is transparent is laid over white, 16 bits are scaled to 8."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _eight_bit_grey(image).convert("RGB")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        with_alpha = image.convert("RGBA")
        over_white = Image.new("RGB", image.size, "white")
        over_white.paste(with_alpha, mask=with_alpha.getchannel("A"))
        return over_white
    return image.convert("RGB")


def _eight_bit_grey(image: Image.Image) -> Image.Image:
    """Grey of 16-bit integers (also when held in 32 bits), or of floats in [0, 1] or [0, 255]."""
    values = np.asarray(image)
    if values.dtype.kind == "f":
        values = np.nan_to_num(values)
        scaled = np.rint(values * 255.0 if values.max(initial=0.0) <= 1.0 else values)
    else:
        scaled = (np.clip(values, 0, 65535).astype(np.int64) + 128) // 257
    return Image.fromarray(np.clip(scaled, 0, 255).astype(np.uint8))
