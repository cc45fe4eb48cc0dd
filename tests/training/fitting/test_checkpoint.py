"""Going on after an interruption."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from tests.training.fitting.quick import QUICK, VOCAB
from training.config import TrainConfig
from training.data import PhotoRow
from training.errors import RunError
from training.fit import fit
from training.fitting import checkpoint
from training.fitting.checkpoint import CHECKPOINT, read_checkpoint
from training.fitting.history import HISTORY_TABLE
from training.run_folder import RunFolder

pytestmark = pytest.mark.slow

EXTRAS = dataclasses.replace(
    QUICK, size_px=48, sizes="32,48", mixup=0.3, patience=2, class_weights=True, precision="bf16"
)

Weights = dict[str, torch.Tensor]


def fit_keeping_every_checkpoint(
    rows: list[PhotoRow], config: TrainConfig, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Weights, list[Path]]:
    """The weights of a run that nothing interrupts, and a folder as each of its epochs left it."""
    left: list[Path] = []
    write = checkpoint._write

    def write_and_copy(path: Path, content: dict[str, object]) -> None:
        write(path, content)
        left.append(folder / f"after-{len(left) + 1}")
        left[-1].mkdir()
        shutil.copy(path, left[-1])

    (folder / "whole").mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "_write", write_and_copy)
        weights = fit(rows, VOCAB, config, RunFolder(folder / "whole")).model.state_dict()
    return weights, left


@pytest.mark.parametrize("config", [QUICK, EXTRAS], ids=["plain", "extras"])
def test_a_run_that_goes_on_after_any_epoch_gives_the_same_weights_and_history(
    rows: list[PhotoRow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: TrainConfig
) -> None:
    weights, folders = fit_keeping_every_checkpoint(rows, config, tmp_path, monkeypatch)
    assert len(folders) == 3
    history = without_seconds(tmp_path / "whole")
    assert len(history) == 4
    for folder in folders:
        again = fit(rows, VOCAB, config, RunFolder(folder)).model.state_dict()
        assert all(torch.equal(weights[name], again[name]) for name in weights), folder.name
        if folder != folders[-1]:  # After the last epoch there is none to write it.
            assert without_seconds(folder) == history


def without_seconds(folder: Path) -> list[str]:
    return [line.rpartition(",")[0] for line in (folder / HISTORY_TABLE).read_text().splitlines()]


def test_a_run_that_is_over_trains_no_more(
    rows: list[PhotoRow], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        fit(rows, VOCAB, QUICK, RunFolder(tmp_path))
    assert capsys.readouterr().out.count("epoch 3 of 3") == 1


def test_a_found_rate_is_not_looked_for_again(
    rows: list[PhotoRow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def find(learner: object, folder: Path) -> float:
        asked.append(folder)
        return 0.002

    monkeypatch.setattr("training.fit.find_lr", find)
    config = dataclasses.replace(QUICK, find_lr=True)
    for _ in range(2):
        fit(rows, VOCAB, config, RunFolder(tmp_path))
    assert asked == [tmp_path]
    assert read_checkpoint(tmp_path).content["state"]["lr"] == 0.002  # type: ignore[union-attr]


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04half a file"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(RunError, match="is damaged"):
        read_checkpoint(tmp_path)


def test_a_checkpoint_that_cannot_be_written_is_told_and_leaves_the_last(
    rows: list[PhotoRow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / CHECKPOINT).write_bytes(b"the last one")
    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(RunError, match="No space left on device"):
        checkpoint._write(tmp_path / CHECKPOINT, {})
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]
    assert (tmp_path / CHECKPOINT).read_bytes() == b"the last one"
