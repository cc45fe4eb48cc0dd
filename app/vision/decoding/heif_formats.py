"""HEIC and AVIF -> pixels. Loaded by the child process alone: see `heif_child`."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import pillow_heif
from PIL import AvifImagePlugin, Image, TiffImagePlugin

from app.vision.decoding.pixels import Rows, factor_for, flatten_8_bit, shrink_rows

_EXIF_ORIENTATION = 0x0112
# Pillow reads EXIF with it, and loads it when it first does: the child can load nothing by then.
_READS_EXIF = TiffImagePlugin


@dataclass(frozen=True)
class HeifPicture:
    """The main picture of a file, its header read, nothing decoded.

    `orientation` is EXIF's, still to be undone; `source` is what decodes it.
    """

    size: tuple[int, int]
    orientation: int
    profile: bytes
    source: pillow_heif.HeifImage | AvifImagePlugin.AvifImageFile

    def decode(self, decode_px: int | None) -> Image.Image:
        """Its pixels, L or RGB, over white, reduced as `pixels.factor_for` says."""
        source = self.source
        rows = _rows_of_heic(source) if isinstance(source, pillow_heif.HeifImage) else _rows_of_avif(source)
        return shrink_rows(source.size, rows, flatten_8_bit, factor_for(source.size, decode_px))


def open_photo(data: bytes, kind: str) -> HeifPicture:
    """The photo in a file of `kind`, `HEIC` or `AVIF`.

    Raises:
        Exception: of whatever class, for bytes that cannot be read.
    """
    return _open_avif(data) if kind == "AVIF" else _open_heic(data)


def _open_heic(data: bytes) -> HeifPicture:
    """libheif turns the picture upright by the file's own transformations, and says so in place of EXIF."""
    options = pillow_heif.options
    options.DECODE_THREADS, options.THUMBNAILS, options.DEPTH_IMAGES, options.AUX_IMAGES = 1, False, False, False
    file = pillow_heif.open_heif(data)
    image = file[file.primary_index]
    return HeifPicture(image.size, 1, _profile(image.info), image)


def _rows_of_heic(image: pillow_heif.HeifImage) -> Rows:
    data, stride, width = memoryview(image.data), image.stride, image.size[0]
    # 10 and 12 bits of grey come as 16, of colour as 8.
    mode, raw_mode = ("L", "L;16") if image.mode.startswith("I;16") else (image.mode, image.mode)

    def rows(top: int, bottom: int) -> Image.Image:
        strip = data[top * stride : bottom * stride]
        return Image.frombytes(mode, (width, bottom - top), strip, "raw", raw_mode, stride)

    return rows


def _open_avif(data: bytes) -> HeifPicture:
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    image = AvifImagePlugin.AvifImageFile(io.BytesIO(data))
    # Pillow gives the file's own transformations as an EXIF orientation.
    orientation = int(image.getexif().get(_EXIF_ORIENTATION, 1))
    return HeifPicture(image.size, orientation, _profile(image.info), image)


def _rows_of_avif(image: AvifImagePlugin.AvifImageFile) -> Rows:
    image.load()
    return lambda top, bottom: image.crop((0, top, image.width, bottom))


def _profile(info: dict[Any, Any]) -> bytes:
    profile = info.get("icc_profile")
    return profile if isinstance(profile, bytes) else b""
