"""Pictures of nothing, to train on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.vision.image_io import open_image
from tests.photos import draw_data_folder
from training.config import TrainConfig
from training.data import PhotoRow, read_data_folder, split_by_group
from training.fit import fit, make_dataloaders
from training.nothings import DrawnRow, draw_flat, draw_gradient, draw_noise, draw_nothings, draw_page

pytestmark = pytest.mark.slow

VOCAB = ["cats", "dogs", "other"]
QUICK = TrainConfig(
    weights="none", size_px=32, freeze_epochs=0, epochs=1, batch_size=4, n_folds=3, precision="float32", nothings=9
)
DRAW = [draw_flat, draw_gradient, draw_noise, draw_page]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[PhotoRow]:
    data = draw_data_folder(tmp_path_factory.mktemp("few") / "photos", sources=3, photos=1)
    return split_by_group(read_data_folder(data), n_folds=3, seed=0)


@pytest.mark.parametrize("draw", DRAW)
@pytest.mark.parametrize("side_px", [64, 100, 448])
def test_a_picture_of_nothing_has_the_side_it_is_asked_for(
    draw: Callable[[np.random.Generator, int], Image.Image], side_px: int
) -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        image = draw(rng, side_px)
        assert (image.mode, image.size) == ("RGB", (side_px, side_px))


def test_each_kind_is_what_it_is_called() -> None:
    rng = np.random.default_rng(0)
    flat, gradient, noise, page = (np.asarray(draw(rng, 96)).astype(int) for draw in DRAW)
    assert flat.std(axis=(0, 1)).max() == 0
    assert min(gradient.std(axis=0).max(), gradient.std(axis=1).max()) == 0
    assert max(gradient.std(axis=0).max(), gradient.std(axis=1).max()) > 10
    assert np.abs(np.diff(noise, axis=1)).max() > 50
    assert len(np.unique(page.reshape(-1, 3), axis=0)) == 2


def test_pictures_of_nothing_are_read_as_photos_are_and_show_none_of_these() -> None:
    drawn = draw_nothings(VOCAB, QUICK)
    assert [row.labels for row in drawn] == [("other",)] * 9
    assert {open_image(row.path).size for row in drawn} == {(64, 64)}
    assert len({row.path for row in drawn}) == 9


def test_the_seed_decides_what_is_drawn() -> None:
    again = dataclasses.replace(QUICK, seed=1)
    assert draw_nothings(VOCAB, QUICK) == draw_nothings(VOCAB, QUICK) != draw_nothings(VOCAB, again)


def test_where_photos_may_have_several_labels_nothing_shows_none() -> None:
    assert [row.labels for row in draw_nothings(["cone", "dog"], QUICK)] == [()] * 9


def test_they_are_trained_on_beside_the_photos_and_not_validated_on(rows: list[PhotoRow]) -> None:
    dls = make_dataloaders(rows, VOCAB, QUICK)
    drawn = [row for row in dls.train_ds.items if isinstance(row, DrawnRow)]
    assert (len(drawn), len(dls.train_ds.items)) == (9, 9 + sum(row.split == "train" for row in rows))
    assert not any(isinstance(row, DrawnRow) for row in dls.valid_ds.items)
    assert all(isinstance(row.path, Path) for row in dls.valid_ds.items)


@pytest.mark.parametrize("multi_label", [False, True])
def test_a_run_with_them_and_class_weights_gives_a_learner(rows: list[PhotoRow], multi_label: bool) -> None:
    config = dataclasses.replace(QUICK, multi_label=multi_label, class_weights=True)
    assert list(fit(rows, VOCAB, config).dls.vocab) == VOCAB
