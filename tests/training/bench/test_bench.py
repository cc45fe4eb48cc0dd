"""The benchmark of the trainer measures what it says it does; how fast it is, no test asks."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.conftest import ROOT
from training.bench.__main__ import main
from training.bench.bare import BareLoop, CroppedPhotos, augmented
from training.bench.ours import OurLoop
from training.bench.pace import Pace, Watch, median_pace
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
    assert loop.train().per_s > 0
    assert not any(torch.equal(old, new) for old, new in zip(before, loop.model.parameters(), strict=True))


def test_a_bare_photo_is_what_the_network_sees(rows: list[PhotoRow]) -> None:
    pixels, target = CroppedPhotos(rows, CONFIG)[0]
    assert (pixels.dtype, pixels.shape, target) == (torch.uint8, (3, 32, 32), 0)


def test_the_figures_are_printed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = "--photos 8 --rounds 1 --size-px 32 --batch-size 4 --few 8 --many 16"
    assert main(["--data", str(data), *small.split()]) == 0
    out = capsys.readouterr().out
    for words in (r"ours / bare +\d+\.\d\d +\d+\.\d\d \(goal 0.90", r"our loader alone +\d+\.\d", r"\d+ MB for 16"):
        assert re.search(words, out), out


def test_a_pace_is_photos_by_the_clock_and_by_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = {"perf_counter": iter([10.0, 14.0]), "process_time": iter([1.0, 3.0])}
    for name, values in ticks.items():
        monkeypatch.setattr(time, name, lambda values=values: next(values))
    pace = Watch().pace(8)
    assert pace == Pace(2.0, 4.0)
    assert pace.over(Pace(4.0, 2.0)) == Pace(0.5, 2.0)
    assert median_pace([Pace(1, 9), Pace(2, 8), Pace(3, 7)]) == Pace(2, 8)


def test_the_peak_of_memory_is_this_processs_own() -> None:
    code = (
        "import sys, subprocess; held = bytearray(300_000_000); "
        "print(subprocess.run([sys.executable, '-c', "
        "'from training.bench.memory import own_peak_bytes; print(own_peak_bytes())'], "
        "capture_output=True, text=True, check=True).stdout)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert 1_000_000 < int(done.stdout) < 200_000_000
