"""The folder of one run: what it was asked for, and what it leaves to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from training.errors import DataError

RUNS = Path("runs")


@dataclass(frozen=True)
class RunFolder:
    """Where a run keeps its history and plots; `tensorboard` says whether TensorBoard's files are wanted, too."""

    path: Path
    tensorboard: bool = False


def open_run(path: Path, *, tensorboard: bool = False) -> RunFolder:
    """The run's folder, made if need be.

    Raises:
        DataError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise DataError(f"The run cannot be kept in {path}: {exc}. Give another --run-dir.") from exc
    return RunFolder(path, tensorboard)
