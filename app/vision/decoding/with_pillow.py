"""The formats that Pillow decodes in the server's own process."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from app.errors import PhotoError
from app.vision.decoding.cost import decoding_bytes
from app.vision.decoding.decoded import Decoded
from app.vision.decoding.deep import flattening
from app.vision.decoding.formats import PILLOW_FORMATS, begins_as_photo
from app.vision.decoding.jpeg_scans import count_scans
from app.vision.decoding.pixels import factor_for, shrink
from app.vision.decoding.refusals import damaged, too_costly, too_many_pixels, unsupported
from app.vision.decoding.tiff_values import count_values
from app.vision.limits import ImageLimits

_EXIF_ORIENTATION = 0x0112
# Where Pillow has EXIF. A JPEG's is at most 64 kB; 20 MB of it in a PNG, all one value, took 9 s to be read.
_EXIF_KEYS = ("exif", "Raw profile type exif")
_MOST_EXIF_BYTES = 262_144
_EXIF_SEGMENT, _MOST_EXIF_SEGMENTS = b"Exif\0\0", 64  # A photo has one, or two.
# Named here, these are loaded. Left to itself, Pillow loads all it has, the decoder of AVIF too, when it first meets a
# file that is none of the commonest formats.
_PLUGINS = (
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
# Where a PNG says how many bits a value has. Source: PNG (Third Edition), 11.2.1.
_PNG_DEPTH_AT = 24


@dataclass(frozen=True)
class PillowPhoto:
    """A photo whose header was read and is within limits. `cost_bytes` is the memory that decoding takes at most."""

    image: Image.Image
    factor: int
    cost_bytes: int

    def decode(self) -> Decoded:
        """Its pixels; once.

        Raises:
            DamagedImageError: they cannot be decoded.
            TooCostlyImageError: the file is of too many pieces, or there is no memory.
        """
        image = self.image
        try:
            image.load()
            pixels = shrink(image, flattening(image), self.factor)
            return Decoded(pixels, _orientation(image), image.info.get("icc_profile"))
        except PhotoError:
            raise
        except MemoryError as exc:
            raise too_costly() from exc
        except Exception as exc:  # Pillow's decoders raise nearly every built-in exception on hostile bytes.
            raise damaged() from exc


class BoundedReads(io.BytesIO):
    """A file in memory that stops a parser which reads too many pieces of it.

    Pillow reads headers piece by piece: 20 MB of empty JPEG segments keep it busy for 10 s. It adds a JPEG's EXIF
    segments up, and copies all of them for each: 20 MB of them took 2.7 s.
    """

    def __init__(self, data: bytes, max_reads: int) -> None:
        super().__init__(data)
        self._reads_left = max_reads
        self._exif_left = _MOST_EXIF_SEGMENTS

    def read(self, size: int | None = -1, /) -> bytes:
        """See `io.BytesIO`.

        Raises:
            TooCostlyImageError: after `max_reads` of them, or too many segments of EXIF.
        """
        self._reads_left -= 1
        piece = super().read(size)
        self._exif_left -= piece.startswith(_EXIF_SEGMENT)
        if self._reads_left < 0 or self._exif_left < 0:
            raise too_costly()
        return piece


def open_with_pillow(data: bytes, limits: ImageLimits, decode_px: int | None) -> PillowPhoto:
    """The photo, its header read and its size checked, nothing decoded. Arguments and errors: `image_io.open_image`."""
    image = _open(data, limits)
    full_size = image.size
    if full_size[0] * full_size[1] > limits.max_image_px:
        raise too_many_pixels(limits, full_size)
    _correct_clear_value(image, data)
    is_jpeg = image.format in ("JPEG", "MPO")
    n_scans = count_scans(data, limits.max_scans, limits.max_reads) if is_jpeg else 1
    if n_scans > limits.max_scans:
        raise too_costly()
    if is_jpeg and decode_px is not None:
        image.draft(None, (decode_px, decode_px))
    factor = 1 if is_jpeg else factor_for(full_size, decode_px)
    return PillowPhoto(image, factor, decoding_bytes(image, full_size, n_scans))


def _open(data: bytes, limits: ImageLimits) -> Image.Image:
    if count_values(data) > limits.max_reads:
        raise too_costly()
    try:
        return Image.open(BoundedReads(data, limits.max_reads), formats=PILLOW_FORMATS)
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise too_many_pixels(limits, None) from exc
    except Exception as exc:  # As above: header parsers raise whatever the bytes lead them to.
        raise (damaged("its header cannot be read") if begins_as_photo(data) else unsupported(data)) from exc


def _correct_clear_value(image: Image.Image, data: bytes) -> None:
    """Makes of a PNG's clear value or colour, which is in the file's bits, one in the bits that Pillow decodes to."""
    clear, depth = image.info.get("transparency"), data[_PNG_DEPTH_AT : _PNG_DEPTH_AT + 1]
    if image.format != "PNG" or not depth:
        return
    if isinstance(clear, tuple) and depth[0] == 16:
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    elif image.mode == "L" and isinstance(clear, int) and depth[0] < 8:
        image.info["transparency"] = clear * 255 // ((1 << depth[0]) - 1)


def _orientation(image: Image.Image) -> int:
    if any(len(image.info.get(key, "")) > _MOST_EXIF_BYTES for key in _EXIF_KEYS):
        return 1
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # EXIF is an extra: a photo with broken metadata is still a photo, taken as stored.
        return 1
