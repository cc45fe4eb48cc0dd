"""Small pictures of what a layer answered."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from app.inference.inside.pictures import HEAT_PX, heat_on_photo, map_picture, spotlight
from app.inference.runtime import Array

LEFT = np.zeros((8, 8), dtype=np.float32)
LEFT[:, :4] = 5.0


def _open(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(";base64,")[2], validate=True)))


def _pixels(uri: str) -> Array:
    return np.asarray(_open(uri).convert("RGB")).astype(np.float32)


def test_a_map_is_dark_where_it_is_silent_and_light_where_it_answers() -> None:
    pixels = _pixels(map_picture(LEFT))
    assert pixels.shape == (8, 8, 3)
    assert pixels[:, :4].min() > 150
    assert pixels[:, 4:].max() < 10


@pytest.mark.parametrize(("side", "drawn"), [(111, 111), (112, 112), (113, 112), (300, 112)])
def test_a_map_has_its_own_pixels_up_to_a_limit(side: int, drawn: int) -> None:
    assert _open(map_picture(np.ones((side, side), dtype=np.float32))).size == (drawn, drawn)


def test_a_single_place_that_is_far_above_the_others_does_not_dim_them() -> None:
    activation = np.tile(np.arange(40, dtype=np.float32), (40, 1))
    activation[0, 0] = 1e6
    assert _pixels(map_picture(activation))[20, 39].max() > 240


@pytest.mark.parametrize("value", [0.0, 3.0, -2.0])
def test_a_map_that_is_the_same_everywhere_is_dark(value: float) -> None:
    assert _pixels(map_picture(np.full((4, 4), value, dtype=np.float32))).max() < 10


def test_the_photo_is_lit_where_the_map_answers() -> None:
    pixels = _pixels(spotlight(LEFT, Image.new("RGB", (40, 40), (200, 200, 200))))
    assert pixels[:, :12].min() > 180
    assert pixels[:, 28:].max() < 40


@pytest.mark.parametrize("size", [(400, 300), (30, 90), (5000, 3), (1, 1)])
def test_evidence_is_the_only_colour_over_the_photo(size: tuple[int, int]) -> None:
    evidence = np.stack([LEFT, -LEFT])
    spoken = _open(heat_on_photo(evidence, 0, Image.new("RGB", size, (20, 200, 40)), "single_label"))
    silent = _pixels(heat_on_photo(evidence * 0, 1, Image.new("RGB", size, (20, 200, 40)), "single_label"))
    assert max(spoken.size) == HEAT_PX
    assert np.ptp(silent, axis=2).max() <= 2
