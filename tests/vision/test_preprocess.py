"""What the network sees, against the slow and obvious way of computing it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor

from app.vision.preprocess import PreprocessSpec, fit_image, to_batch
from tests.photos import QUADRANTS, draw_quadrants, draw_scene

SPEC = PreprocessSpec(size_px=8, decode_px=16, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0))


def test_a_batch_is_each_pixel_less_the_mean_over_the_deviation() -> None:
    images = [draw_scene(seed, (8, 8)) for seed in range(3)]
    batch = to_batch(images, SPEC)
    assert batch.shape == (3, 3, 8, 8)
    assert batch.dtype == np.float32
    assert batch.flags.c_contiguous
    for n, image in enumerate(images):
        for y in range(8):
            for x in range(8):
                pixel: Any = image.getpixel((x, y))
                expected = [(pixel[c] / 255 - SPEC.mean[c]) / SPEC.std[c] for c in range(3)]
                np.testing.assert_allclose(batch[n, :, y, x], expected, rtol=0, atol=1e-6)


def test_the_default_numbers_are_imagenets() -> None:
    spec = PreprocessSpec()
    batch = to_batch([Image.new("RGB", (224, 224), (124, 116, 104))], spec)
    assert np.abs(batch).max() < 0.01  # ImageNet's mean colour, to within half a grey level.


@pytest.mark.parametrize(
    "image", [Image.new("RGB", (8, 7)), Image.new("RGB", (7, 8)), Image.new("L", (8, 8)), Image.new("RGBA", (8, 8))]
)
def test_an_image_of_another_size_or_mode_is_the_callers_bug(image: Image.Image) -> None:
    with pytest.raises(ValueError, match="must be RGB of"):
        to_batch([Image.new("RGB", (8, 8)), image], SPEC)


@pytest.mark.parametrize("size", [(80, 60), (60, 80), (8, 8), (3, 2), (1, 500), (4000, 10)])
def test_a_fitted_image_is_a_square_that_holds_the_whole_photo(size: tuple[int, int]) -> None:
    assert fit_image(Image.new("RGB", size), SPEC).size == (8, 8)


def test_fitting_moves_no_corner_elsewhere() -> None:
    fitted = fit_image(draw_quadrants((800, 600)), SPEC)
    corners = [fitted.getpixel(at) for at in ((1, 1), (6, 1), (1, 6), (6, 6))]
    assert corners == [ImageColor.getrgb(name) for name in QUADRANTS]


def test_fitting_averages_what_it_shrinks() -> None:
    checks = np.indices((512, 512)).sum(axis=0) % 2 * 255
    image = Image.fromarray(checks.astype(np.uint8)).convert("RGB")
    pixels = np.asarray(fit_image(image, SPEC)).astype(int)
    assert np.abs(pixels - 128).max() <= 2  # Picking single pixels would give black or white.


def test_a_spec_comes_back_from_its_json() -> None:
    assert PreprocessSpec.from_json(json.loads(json.dumps(SPEC.to_json()))) == SPEC


@pytest.mark.parametrize(("size_px", "decode_px"), [(8, 8), (4096, 4096), (224, 224), (224, 225)])
def test_sizes_at_their_edges_are_taken(size_px: int, decode_px: int) -> None:
    assert PreprocessSpec(size_px, decode_px).size_px == size_px


@pytest.mark.parametrize(
    "bad",
    [
        {"size_px": 7},
        {"size_px": 0},
        {"size_px": -224},
        {"size_px": 4097, "decode_px": 9000},
        {"size_px": 224, "decode_px": 223},
        {"mean": (0.5, 0.5)},
        {"std": (0.5, 0.5, 0.5, 0.5)},
        {"std": (0.5, 0.0, 0.5)},
        {"std": (0.5, -0.1, 0.5)},
        {"mean": (0.5, float("nan"), 0.5)},
        {"std": (float("nan"), 0.5, 0.5)},
        {"std": (0.5, float("inf"), 0.5)},
    ],
)
def test_a_spec_without_sense_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"size_px must be|mean and std must"):
        PreprocessSpec(**bad)


@pytest.mark.parametrize(
    "change",
    [{"size_px": "big"}, {"size_px": None}, {"mean": None}, {"mean": 0.5}, {"mean": ["a", "b", "c"]}, {"std": []}],
)
def test_json_that_is_no_spec_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        PreprocessSpec.from_json(SPEC.to_json() | change)


@pytest.mark.parametrize("key", ["size_px", "decode_px", "mean", "std"])
def test_json_that_lacks_a_part_of_the_spec_is_refused(key: str) -> None:
    data = SPEC.to_json()
    del data[key]
    with pytest.raises(KeyError, match=key):
        PreprocessSpec.from_json(data)
