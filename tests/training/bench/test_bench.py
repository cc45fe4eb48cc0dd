"""The benchmark of the trainer measures what it says it does; how fast it is, no test asks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from training.bench.__main__ import main
from training.bench.bare import BareLoop, CroppedPhotos, augmented
from training.bench.ours import OurLoop
from training.bench.photos import draw_photos, rows_to_train
from training.config import TrainConfig
from training.data import PhotoRow

pytestmark = pytest.mark.slow

CONFIG = TrainConfig(weights="none", size_px=32, batch_size=4, epochs=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_photos(tmp_path_factory.mktemp("bench") / "photos", 6)


@pytest.fixture(scope="module")
def rows(data: Path) -> list[PhotoRow]:
    return rows_to_train(data, 8)


def test_as_many_photos_are_trained_on_as_were_asked_for(rows: list[PhotoRow]) -> None:
    assert [row.split for row in rows] == ["train"] * 8 + ["valid"]
    assert {row.label for row in rows} == {"first", "second", "third", "fourth"}
    assert OurLoop(rows, CONFIG).n_photos == 8


def test_both_loops_train_the_same_network_on_inputs_alike(rows: list[PhotoRow]) -> None:
    ours, bare = OurLoop(rows, CONFIG), BareLoop(rows, CONFIG)
    shapes = [[tensor.shape for tensor in loop.parameters()] for loop in (ours.learner.model, bare.model)]
    assert shapes[0] == shapes[1]
    theirs = augmented(next(iter(bare.loader))[0], CONFIG)
    mine = ours.dls.train.one_batch()[0]
    assert mine.shape == theirs.shape == (4, 3, 32, 32)
    assert abs(float(mine.mean() - theirs.mean())) < 0.7 and 0.5 < float(mine.std() / theirs.std()) < 2


def test_the_bare_loop_learns(rows: list[PhotoRow]) -> None:
    torch.manual_seed(0)
    loop = BareLoop(rows, CONFIG)
    before = [tensor.clone() for tensor in loop.model.parameters()]
    assert loop.photos_per_s() > 0
    assert not any(torch.equal(old, new) for old, new in zip(before, loop.model.parameters(), strict=True))


def test_a_bare_photo_is_what_the_network_sees(rows: list[PhotoRow]) -> None:
    pixels, target = CroppedPhotos(rows, CONFIG)[0]
    assert (pixels.dtype, pixels.shape, target) == (torch.uint8, (3, 32, 32), 0)


def test_the_figures_are_printed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = "--photos 8 --rounds 1 --size-px 32 --batch-size 4 --few 8 --many 16"
    assert main(["--data", str(data), *small.split()]) == 0
    out = capsys.readouterr().out
    for words in (r"ours / bare +\d+\.\d\d \(goal 0.90\)", r"our loader alone +\d+\.\d photos/s", r"\d+ MB for 16"):
        assert re.search(words, out), out
