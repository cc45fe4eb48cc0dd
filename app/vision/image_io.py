"""Bytes of a photo -> an upright RGB image, within limits: the one door every photo passes, in training and serving."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from app.vision.decoding.colour import to_srgb
from app.vision.decoding.formats import heif_kind
from app.vision.decoding.heif import HeifPhoto, open_heif
from app.vision.decoding.with_pillow import PillowPhoto, open_with_pillow
from app.vision.limits import ImageLimits

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


@dataclass(frozen=True)
class UndecodedPhoto:
    """A photo whose header was read and is within limits; no pixel of it is decoded yet."""

    photo: PillowPhoto | HeifPhoto
    limits: ImageLimits

    @property
    def cost_bytes(self) -> int:
        """Memory that decoding takes at most, in bytes; of a HEIC or AVIF photo, in a child process."""
        return self.photo.cost_bytes

    def decode(self) -> Image.Image:
        """The upright RGB image, without metadata; once. Errors: see `open_image`."""
        decoded = self.photo.decode()
        image = to_srgb(decoded.image, decoded.profile, self.limits.max_profile_bytes)
        method = _UPRIGHT.get(decoded.orientation)
        upright = image if method is None else image.transpose(method)
        upright.info.clear()  # Where it was taken is nobody's business, and its profile no longer holds.
        return upright


def open_image(source: bytes | Path, *, limits: ImageLimits | None = None, decode_px: int | None = None) -> Image.Image:
    """Upright RGB image of the photo, in sRGB; of an animation, its first frame.

    Args:
        source: the photo's bytes, or its file.
        limits: on size, time and memory; None: the defaults.
        decode_px: the image may come at 1/2, 1/4 or 1/8 of its size as long as both sides keep this many pixels. A
            JPEG is decoded at that scale (libjpeg's scaled decoding, several times faster for phone photos), others
            are reduced on their way to RGB. None: in full.
    Raises:
        UnsupportedImageError: not an image of an allowed format.
        TooManyPixelsError: larger than `limits.max_image_px`, by its header, before a pixel is decoded.
        TooCostlyImageError: beyond another of the limits.
        DamagedImageError: an allowed format that cannot be decoded.
        BusyError: the system starts no process for a HEIC or AVIF photo.
        OSError: `source` is a file that cannot be read.
    """
    data = source.read_bytes() if isinstance(source, Path) else source
    return open_header(data, limits=limits, decode_px=decode_px).decode()


def open_header(data: bytes, *, limits: ImageLimits | None = None, decode_px: int | None = None) -> UndecodedPhoto:
    """The photo, before it is decoded. Arguments and errors: see `open_image`."""
    limits = limits or ImageLimits()
    kind = heif_kind(data)
    photo = open_heif(data, kind, limits, decode_px) if kind else open_with_pillow(data, limits, decode_px)
    return UndecodedPhoto(photo, limits)
