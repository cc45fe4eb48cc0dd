"""The history of a fit, to read and to look at."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

from app.vision.bundle import write_atomically
from training.fitting.callbacks import EpochCallback
from training.fitting.state import EpochRow, FitState

HISTORY_TABLE = "history.csv"
HISTORY_PLOT = "history.png"


class HistoryFiles(EpochCallback):
    """Writes the history's table after each epoch."""

    order = EpochCallback.order + 1

    def __init__(self, state: FitState, folder: Path) -> None:
        super().__init__()
        self.state, self.folder = state, folder

    def after_trained_epoch(self) -> None:
        write_history(self.state.history, self.folder)


def write_history(rows: Sequence[EpochRow], folder: Path) -> None:
    """Writes the table of all epochs so far."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(field.name for field in dataclasses.fields(EpochRow))
    writer.writerows(_rounded(row) for row in rows)
    write_atomically(folder / HISTORY_TABLE, file.getvalue().encode())


def _rounded(row: EpochRow) -> list[object]:
    return [f"{value:.6g}" if isinstance(value, float) else value for value in dataclasses.astuple(row)]


def plot_history(rows: Sequence[EpochRow], folder: Path) -> None:
    """Draws losses, accuracy and learning rate over the epochs."""
    from matplotlib.figure import Figure  # Takes a second to import.

    figure = Figure(figsize=(8, 8), layout="constrained")
    losses, accuracy, rate = figure.subplots(3, 1, sharex=True)
    epochs = [row.epoch for row in rows]
    for name in ("train_loss", "valid_loss"):
        losses.plot(epochs, [getattr(row, name) for row in rows], marker=".", label=name.replace("_", " "))
    accuracy.plot(epochs, [row.accuracy for row in rows], marker=".", label="accuracy on the validation photos")
    rate.plot(epochs, [row.lr for row in rows], marker=".", label="learning rate of the head at the epoch's end")
    rate.set_xlabel("epoch")
    for axes in (losses, accuracy, rate):
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(folder / HISTORY_PLOT, dpi=100)
