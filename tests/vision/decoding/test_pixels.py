"""Photos are made smaller on their way to RGB, a strip at a time, and no strip shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.vision.decoding import pixels
from app.vision.decoding.pixels import factor_for, flatten_8_bit, shrink
from app.vision.image_io import open_image
from tests.photos import draw_scene, encode


def _block_means(stored: Any, factor: int) -> np.ndarray:
    """The slow, obvious way: the mean of each block of factor x factor pixels; blocks at the far edges are smaller."""
    height, width = stored.shape[:2]
    rows = [
        [stored[y : y + factor, x : x + factor].mean(axis=(0, 1)) for x in range(0, width, factor)]
        for y in range(0, height, factor)
    ]
    return np.array(rows)


@pytest.fixture
def small_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many strips for a small picture as a large one has."""
    monkeypatch.setattr(pixels, "_STRIP_PX", 512)


@pytest.mark.usefixtures("small_strips")
@pytest.mark.parametrize(("decode_px", "factor"), [(None, 1), (24, 2), (12, 4), (6, 8)])
@pytest.mark.parametrize("image_format", ["PNG", "BMP", "TIFF"])
def test_every_pixel_is_the_mean_of_its_block(image_format: str, decode_px: int | None, factor: int) -> None:
    image = draw_scene(3, (75, 53))
    found = np.asarray(open_image(encode(image, image_format), decode_px=decode_px)).astype(float)
    assert (
        np.abs(found - _block_means(np.asarray(image).astype(float), factor)).max() <= 0.7
    )  # Pillow divides by multiplying, and rounds a block at the corner a little off.


@pytest.mark.usefixtures("small_strips")
def test_what_is_clear_is_laid_over_white_before_it_is_reduced() -> None:
    image = draw_scene(3, (64, 48)).convert("RGBA")
    image.putalpha(Image.fromarray(np.random.default_rng(1).integers(0, 256, (48, 64)).astype(np.uint8)))
    stored = np.asarray(image).astype(float)
    alpha = stored[..., 3:] / 255
    expected = _block_means(stored[..., :3] * alpha + 255 * (1 - alpha), 4)
    found = np.asarray(open_image(encode(image, "PNG"), decode_px=12)).astype(float)
    assert np.abs(found - expected).max() <= 1


@pytest.mark.usefixtures("small_strips")
@pytest.mark.parametrize(
    ("dtype", "white"), [(np.uint16, 65535), (np.float32, 1), (np.float32, 255), (np.int32, 65535)]
)
def test_deep_grey_is_reduced_after_it_is_8_bit(dtype: type, white: int) -> None:
    stored: Any = (np.random.default_rng(2).random((53, 75)) * white).astype(dtype)
    expected = _block_means(np.rint(stored.astype(float) * 255 / white), 4)
    found = np.asarray(open_image(encode(Image.fromarray(stored), "TIFF"), decode_px=12)).astype(float)
    assert np.abs(found - expected[..., None]).max() <= 1


@pytest.mark.usefixtures("small_strips")
def test_one_bright_float_far_down_tells_what_white_is() -> None:
    stored = np.full((300, 40), 0.5, dtype=np.float32)
    stored[299, 39] = 200.0
    assert open_image(encode(Image.fromarray(stored), "TIFF")).getpixel((0, 0)) == (0, 0, 0)
    assert open_image(encode(Image.fromarray(stored[:299]), "TIFF")).getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize(
    ("size", "decode_px", "factor"),
    [
        ((4000, 3000), None, 1),
        ((4000, 3000), 376, 4),
        ((4000, 3000), 375, 8),
        ((8000, 8000), 1, 8),
        ((9000, 900), 448, 2),
        ((9000, 895), 448, 1),
        ((1, 1), 448, 1),
    ],
)
def test_both_sides_keep_decode_px(size: tuple[int, int], decode_px: int | None, factor: int) -> None:
    assert factor_for(size, decode_px) == factor


def test_a_photo_that_needs_nothing_is_not_copied() -> None:
    for mode in ("L", "RGB", "CMYK"):
        image = Image.new(mode, (40, 30))
        assert shrink(image, flatten_8_bit, 1) is image
