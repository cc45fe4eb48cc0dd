"""What each harm does to a photo."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageStat

from tests.photos import draw_quadrants, draw_scene
from training.evaluation.harm import HARMS, blurred, cropped, darkened, on_its_side, squeezed, turned

SIZES = [(160, 120), (120, 160), (90, 90), (300, 20), (1, 1)]


@pytest.mark.parametrize("name", HARMS)
@pytest.mark.parametrize("size", SIZES)
def test_a_harmed_photo_is_a_photo(name: str, size: tuple[int, int]) -> None:
    harmed = HARMS[name](draw_scene(size=size))
    assert harmed.mode == "RGB" and min(harmed.size) >= 1


@pytest.mark.parametrize("name", HARMS)
def test_a_harm_leaves_the_photo_itself_alone(name: str) -> None:
    image = draw_scene()
    before = image.tobytes()
    HARMS[name](image)
    assert image.tobytes() == before


@pytest.mark.parametrize("size", [(160, 120), (120, 160), (90, 90), (300, 60)])
def test_a_turned_photo_has_no_empty_corners_and_its_shape(size: tuple[int, int]) -> None:
    harmed = turned(Image.new("RGB", size, "white"))
    assert np.asarray(harmed).min() == 255
    assert harmed.width / harmed.height == pytest.approx(size[0] / size[1], rel=0.05)
    assert harmed.width > 0.5 * size[0] * (0.6 if max(size) > 4 * min(size) else 1)


def test_a_photo_on_its_side_is_turned_by_a_quarter() -> None:
    harmed = on_its_side(draw_quadrants((80, 60)))
    assert harmed.size == (60, 80)
    assert harmed.getpixel((0, 0)) == (0, 128, 0)  # What was top right.


def test_a_squeezed_photo_has_lost_its_detail_and_not_its_size() -> None:
    image = draw_scene()
    harmed = squeezed(image)
    gap = np.abs(np.asarray(harmed).astype(int) - np.asarray(image))
    assert harmed.size == image.size
    assert 1 < gap.mean() < 20


def test_a_blurred_photo_has_lower_contrast_from_pixel_to_pixel() -> None:
    image = draw_scene()
    assert ImageStat.Stat(blurred(image)).var[0] < ImageStat.Stat(image).var[0]


def test_a_dark_photo_has_a_third_of_its_light() -> None:
    assert darkened(Image.new("RGB", (4, 4), (200, 100, 50))).getpixel((0, 0)) == (60, 30, 15)


def test_a_cropped_photo_is_its_middle() -> None:
    harmed = cropped(draw_quadrants((80, 60)))
    assert harmed.size == (48, 36)
    assert len(harmed.getcolors() or ()) == 4
