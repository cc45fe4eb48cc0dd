"""What decoding takes in memory is known from the header, and is no multiple of the photo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from app.vision.image_io import open_header
from tests.photos import draw_scene, encode
from tests.vision.decoding.peak import DECODE_PX, peak_of

SIDE = 3000  # Nine megapixels: large beside what a process has anyway.
N_PX = SIDE * SIDE
# Allocators keep a little, and what a decoder needs beside pixels is loaded when it is first used.
SLACK_BYTES = 8_000_000


def _values() -> np.ndarray:
    return (np.add.outer(np.arange(SIDE), np.arange(SIDE)) // 16 % 256).astype(np.uint8)


def _image(bands: int) -> Image.Image:
    modes = {1: "L", 3: "RGB", 4: "RGBA"}
    return Image.merge(modes[bands], [Image.fromarray(np.roll(_values(), 99 * band, 0)) for band in range(bands)])


def _tiff_of_one_strip() -> bytes:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[TiffImagePlugin.ROWSPERSTRIP] = SIDE
    return encode(_image(3), "TIFF", compression="tiff_adobe_deflate", tiffinfo=info)


# A photo, and the bytes a pixel of it may take.
PHOTOS: dict[str, tuple[Callable[[], bytes], int]] = {
    "jpeg": (lambda: encode(_image(3)), 1),
    "progressive jpeg": (lambda: encode(_image(3), progressive=True, subsampling=0), 7),
    "cmyk jpeg": (lambda: encode(_image(4).convert("RGB").convert("CMYK")), 1),
    "16-bit png": (lambda: encode(Image.fromarray(_values().astype(np.uint16) * 257), "PNG"), 2),
    "rgb png": (lambda: encode(_image(3), "PNG"), 4),
    "rgba png": (lambda: encode(_image(4), "PNG"), 4),
    "palette png": (lambda: encode(_image(1).convert("P"), "PNG", transparency=bytes(range(256))), 1),
    "gif": (lambda: encode(_image(1), "GIF"), 1),
    "bmp": (lambda: encode(_image(3), "BMP"), 4),
    "float tiff": (lambda: encode(Image.fromarray(_values() / np.float32(255)), "TIFF", compression="tiff_lzw"), 8),
    "tiff of one strip": (_tiff_of_one_strip, 8),
    "rgba webp": (lambda: encode(_image(4), "WEBP", lossless=True, method=0, quality=0), 16),
}


@pytest.mark.parametrize("kind", PHOTOS)
def test_decoding_takes_no_more_than_the_header_says(kind: str, tmp_path: Path) -> None:
    draw, bytes_per_px = PHOTOS[kind]
    path = tmp_path / "photo"
    path.write_bytes(draw())
    peak = peak_of(path)
    assert peak.peak_bytes <= peak.cost_bytes + SLACK_BYTES
    assert peak.cost_bytes <= N_PX * bytes_per_px + 3 * SLACK_BYTES


def test_the_cost_grows_with_the_photo() -> None:
    small, large = (open_header(encode(draw_scene(size=(side, side)), "PNG")) for side in (100, 600))
    assert large.cost_bytes - small.cost_bytes == 4 * (600 * 600 - 100 * 100)


def test_a_jpeg_costs_what_its_scale_does() -> None:
    file = encode(draw_scene(size=(1800, 1800)))
    whole, scaled = open_header(file), open_header(file, decode_px=DECODE_PX)
    assert whole.cost_bytes - scaled.cost_bytes == 4 * (1800 * 1800 - 450 * 450)
