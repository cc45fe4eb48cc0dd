"""Reports outside a bundle: where they may lie, and the one that shows photos."""

from __future__ import annotations

from pathlib import Path

from fastai.learner import Learner

from app.vision.card import Card
from training.errors import DataError
from training.evaluation.mistakes import worst_mistakes
from training.evaluation.pictures import picture_mistakes
from training.outputs import SplitOutputs
from training.report import render_report


def ensure_places(bundle: Path, *files: Path | None) -> None:
    """Keeps reports out of a bundle: photos may not be passed on with it, and its card knows all of its files.

    Raises:
        DataError: one of the files would lie in the bundle, or in no folder.
    """
    for file in files:
        if file is None:
            continue
        if bundle.resolve() in file.resolve().parents:
            raise DataError(f"{file} would lie inside the bundle {bundle.name}. Give a place outside it.")
        if file.is_dir() or not file.resolve().parent.is_dir():
            raise DataError(f"{file} cannot be a report: give a file's name in a folder that is there.")


def write_photo_report(file: Path, card: Card, learner: Learner, test: SplitOutputs) -> None:
    """Writes the report that shows the worst mistakes.

    Raises:
        DataError: it cannot be written there.
    """
    write_page(file, render_report(card, picture_mistakes(learner, card, worst_mistakes(card, test))))


def write_page(file: Path, page: str) -> None:
    """Writes a report and says so.

    Raises:
        DataError: it cannot be written there.
    """
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as exc:
        raise DataError(f"The report cannot be written to {file}: {exc}") from exc
    print(f"wrote {file}")
