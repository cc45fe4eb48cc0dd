"""What is done at the end of an epoch."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from tests.training.fitting.quick import QUICK, VOCAB
from training.data import PhotoRow
from training.fit import fit
from training.fitting.callbacks import KeepBest
from training.fitting.history import HISTORY_PLOT, HISTORY_TABLE
from training.fitting.state import EpochRow, FitState
from training.run_folder import RunFolder

# isort: split
from fastai.callback.core import CancelFitException

pytestmark = pytest.mark.slow


class FakeLearner:
    """As much of a learner as a callback asks for; its one weight is set by hand."""

    def __init__(self) -> None:
        self.model = nn.Linear(1, 1, bias=False)
        self.final_record = [0.0, 0.0, 0.0]


def train_epochs(keeper: KeepBest, state: FitState, losses: list[float]) -> int:
    """Goes through epochs of these validation losses, the weight being the epoch's number; how many there were."""
    keeper.learn = FakeLearner()
    for number, loss in enumerate(losses):
        try:
            keeper.before_epoch()
        except CancelFitException:
            return number
        nn.init.constant_(keeper.learn.model.weight, number)
        state.history.append(EpochRow(number + 1, "all", 1.0, loss, 0.5, 1e-3, 32, 1.0))
        keeper.after_epoch()
    return len(losses)


@pytest.mark.parametrize(
    ("losses", "patience", "trained", "best"),
    [
        ([3, 2, 1, 2, 3], 9, 5, 2),
        ([3, 1, 2, 2, 0], 2, 4, 1),
        ([3, 1, 2, 2, 0], 3, 5, 4),
        ([1, 1, 1], 1, 2, 0),
        ([float("nan"), 1, 2], 2, 3, 1),
    ],
)
def test_the_best_is_kept_and_patience_ends(losses: list[float], patience: int, trained: int, best: int) -> None:
    state = FitState(lr=1e-3)
    assert train_epochs(KeepBest(state, patience), state, losses) == trained
    assert state.best_model is not None
    assert float(state.best_model["weight"]) == best


def test_a_fit_with_patience_gives_the_weights_of_its_best_epoch(rows: list[PhotoRow], tmp_path: Path) -> None:
    config = dataclasses.replace(QUICK, patience=1, epochs=4, lr=0.5)
    learner = fit(rows, VOCAB, config, RunFolder(tmp_path))
    assert all(torch.isfinite(tensor).all() for tensor in learner.model.state_dict().values())
    losses = [float(row["valid_loss"]) for row in read_table(tmp_path) if row["phase"] == "all"]
    assert len(losses) == 4 or losses[-1] > min(losses)


def read_table(folder: Path) -> list[dict[str, str]]:
    with (folder / HISTORY_TABLE).open() as file:
        return list(csv.DictReader(file))


def test_the_history_has_a_row_an_epoch_and_a_plot(rows: list[PhotoRow], tmp_path: Path) -> None:
    fit(rows, VOCAB, dataclasses.replace(QUICK, sizes="32,32"), RunFolder(tmp_path))
    table = read_table(tmp_path)
    assert [(row["epoch"], row["phase"], row["size_px"]) for row in table] == [
        ("1", "head", "32"),
        ("2", "all", "32"),
        ("3", "all", "32"),
    ]
    with Image.open(tmp_path / HISTORY_PLOT) as plot:
        assert plot.size == (800, 800)


def test_without_a_terminal_every_epoch_is_a_line(rows: list[PhotoRow], capsys: pytest.CaptureFixture[str]) -> None:
    fit(rows, VOCAB, QUICK)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["epoch 1 of 3", "epoch 2 of 3", "epoch 3 of 3"]
    assert lines[0].endswith("min left")


def test_tensorboard_can_read_the_history(rows: list[PhotoRow], tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    fit(rows, VOCAB, QUICK, RunFolder(tmp_path, tensorboard=True))
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("valid_loss")] == [1, 2, 3]
