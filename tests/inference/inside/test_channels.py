"""Which maps are shown, and what they are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.inference.inside.channels import named_channels, simple_features, telling_channels
from app.inference.runtime import Array
from tests.photos import draw_scene

X = np.tile(np.arange(8, dtype=np.float32), (8, 1))
Y = X.T


def _maps(*maps: NDArray[Any]) -> Array:
    return np.stack(maps).astype(np.float32)


def test_the_map_that_varies_most_comes_first() -> None:
    assert telling_channels(_maps(X, 3 * Y, 0 * X), 1) == [1]


def test_a_map_like_one_chosen_already_waits_for_one_that_is_not() -> None:
    assert telling_channels(_maps(5 * X, 4 * X + 1, -3 * X, Y), 2) == [0, 3]


def test_no_map_is_chosen_twice_and_never_more_than_there_are() -> None:
    assert sorted(telling_channels(_maps(X, X, Y), 6)) == [0, 1, 2]


def test_silent_maps_come_last() -> None:
    assert telling_channels(_maps(0 * X, X, 0 * X + 7, Y), 4)[:2] == [1, 3]


def test_of_maps_that_are_all_silent_some_are_chosen_all_the_same() -> None:
    assert len(set(telling_channels(np.zeros((5, 7, 7), dtype=np.float32), 3))) == 3


@pytest.mark.parametrize("side", [27, 28, 29, 56, 112, 113])
def test_a_large_map_is_judged_by_some_of_its_places(side: int) -> None:
    ramp = np.tile(np.arange(side, dtype=np.float32), (side, 1))
    assert telling_channels(_maps(ramp, 2 * ramp.T, ramp.T), 2) == [1, 0]


def test_the_same_maps_give_the_same_choice() -> None:
    maps = np.random.default_rng(3).random((64, 14, 14), dtype=np.float32)
    assert telling_channels(maps, 6) == telling_channels(maps.copy(), 6)


def _picture(pixels: NDArray[Any]) -> Image.Image:
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def test_a_map_is_named_after_the_feature_that_it_is_like() -> None:
    image = draw_scene(size=(64, 64))
    features = simple_features(image, (16, 16))
    wanted = ["level edges", "blue", "dark"]
    maps = _maps(*(3 * features[name] + 2 for name in wanted))
    names = {name: channel for channel, name in named_channels(maps, image, 3)}
    assert [names[name] for name in wanted] == [0, 1, 2]


def test_edges_are_named_before_colours() -> None:
    image = draw_scene(size=(64, 64))
    features = simple_features(image, (16, 16))
    noise = np.random.default_rng(0).random((16, 16)) * 10
    maps = _maps(features["green"], features["upright edges"] + noise)
    assert next(name for _, name in named_channels(maps, image, 1)) == "upright edges"


def test_a_map_like_no_feature_has_no_name_and_fills_up() -> None:
    image = _picture(np.repeat(X[..., None] * 30, 3, axis=2))
    checkered = (np.indices((8, 8)).sum(axis=0) % 2).astype(np.float32)
    assert named_channels(_maps(checkered, X), image, 2) == [(1, "light"), (0, None)]


def test_a_picture_of_one_colour_names_nothing() -> None:
    named = named_channels(
        np.random.default_rng(0).random((9, 8, 8), dtype=np.float32), _picture(0 * X[..., None] + [[[90, 90, 90]]]), 4
    )
    assert [name for _, name in named] == [None] * 4


@pytest.mark.parametrize("shape", [(3, 1, 1), (1, 1, 4), (2, 4, 1)])
def test_maps_of_a_single_row_or_place_do_no_harm(shape: tuple[int, int, int]) -> None:
    assert len(named_channels(np.ones(shape, dtype=np.float32), draw_scene(), 6)) == shape[0]


def test_an_upright_edge_is_where_brightness_changes_sideways() -> None:
    pixels = np.zeros((8, 8, 3), dtype=np.float32)
    pixels[:, 4:] = 255
    features = simple_features(_picture(pixels), (8, 8))
    assert features["upright edges"][:, 3:5].min() > 100
    assert features["level edges"].max() == 0
