"""Photos that were there when a training began, and are not any more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.vision.card import Card
from app.vision.learner import make_export_learner
from tests.photos import draw_data_folder
from tests.training.fitting.quick import QUICK, VOCAB
from training.data import PhotoRow, read_data_folder, split_by_group
from training.errors import DataError
from training.fit import fit, make_model
from training.opening import open_again
from training.outputs import network_outputs

pytestmark = pytest.mark.slow

HARMS: list[Callable[[Path], object]] = [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:300])]


@pytest.fixture
def rows(tmp_path: Path) -> list[PhotoRow]:
    data = draw_data_folder(tmp_path / "photos", sources=3, photos=1)
    return split_by_group(read_data_folder(data), n_folds=3, seed=0)


@pytest.mark.parametrize("harm", HARMS)
def test_a_photo_that_has_gone_or_been_damaged_is_named(rows: list[PhotoRow], harm: Callable[[Path], object]) -> None:
    path = rows[0].path
    assert open_again(path, QUICK.preprocess).mode == "RGB"
    harm(path)
    with pytest.raises(DataError, match=f"^{path} could be opened before, and cannot any more: .*Bring it back"):
        open_again(path, QUICK.preprocess)


@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_training_ends_with_its_name(rows: list[PhotoRow], split: str) -> None:
    path = next(row.path for row in rows if row.split == split)
    path.unlink()
    with pytest.raises(DataError, match=path.name):
        fit(rows, VOCAB, QUICK)


def test_and_so_does_a_measurement(rows: list[PhotoRow], card: Card) -> None:
    learner = make_export_learner(make_model(QUICK, VOCAB), VOCAB, QUICK.preprocess)
    rows[0].path.unlink()
    with pytest.raises(DataError, match=rows[0].path.name):
        network_outputs(learner, rows, card.preprocess, "evaluate")
