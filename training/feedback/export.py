"""Accepted feedback -> photos in a data folder, and the table of them."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from app.feedback.entry import Entry
from app.feedback.store import FeedbackStore
from training.download.photo_file import write_photo
from training.errors import DataError

TABLE = "feedback.csv"
_LOCK = ".feedback.lock"
_NONE_OF_THEM = "other"
_TOGETHER = "feedback"


@dataclass(frozen=True)
class TableRow:
    """One photo; `path` is below the data folder, `labels` have `;` between them, as `train --labels` reads both."""

    path: str
    labels: str
    id: str
    said_at: str
    margin: str
    looked_at_by: str
    reviewed_by: str
    sha256: str


@dataclass(frozen=True)
class Exported:
    """What was done: how many photos are new, were there, have several labels; and the paths of the withdrawn ones."""

    n_new: int
    n_there: int
    n_left_out: int
    withdrawn: tuple[str, ...]


def export_feedback(
    store: FeedbackStore, out: Path, *, most: int | None, multi_label: bool, remove_withdrawn: bool
) -> Exported:
    """Writes the photos that are not there yet, most informative first.

    Args:
        most: how many of the accepted photos are wanted, those that are there among them; None: all.
        multi_label: photos lie together, and the table alone says what they show.
    Raises:
        DataError: the folder cannot be written, its table is not ours, a photo of another content is in the place of
            one, a label can be no folder, or another export is at work.
        FeedbackUnavailableError: the database cannot be read.
    """
    with _locked(out):
        rows = {row.id: row for row in read_table(out / TABLE)}
        n_there = n_new = n_left_out = 0
        for entry in islice(store.agreed(), most):
            if entry.id in rows:
                n_there += 1
            elif not multi_label and len(entry.labels or ()) > 1:
                n_left_out += 1
            else:
                rows[entry.id] = _write_entry(entry, out, multi_label)
                n_new += 1
        accepted = store.accepted_ids()
        withdrawn = [row for row in rows.values() if row.id not in accepted]
        if remove_withdrawn:
            rows = {row.id: row for row in rows.values() if row.id in accepted}
            for row in withdrawn:
                _remove(out / row.path, row.sha256)
        _write_table(out / TABLE, list(rows.values()))
    return Exported(n_new, n_there, n_left_out, tuple(sorted(row.path for row in withdrawn)))


def _write_entry(entry: Entry, out: Path, multi_label: bool) -> TableRow:
    """Puts the photo in its place. One that a stopped export left there is as good."""
    labels, photo = entry.labels or (), entry.photo or b""
    said_at = datetime.fromtimestamp(entry.said_at, UTC)
    folder = _TOGETHER if multi_label else _folder(labels)
    path = out / folder / f"feedback-{said_at:%Y-%m-%d}__{entry.id}.jpg"
    if not path.exists():
        write_photo(path, photo)
    elif path.read_bytes() != photo:
        raise DataError(f"{path} is there already and is another photo. Nothing is overwritten: move it away.")
    return TableRow(
        path=path.relative_to(out).as_posix(),
        labels=";".join(labels) if multi_label else folder,
        id=entry.id,
        said_at=said_at.isoformat(),
        margin="" if entry.margin is None else f"{entry.margin:.4f}",
        looked_at_by=entry.looked_at_by or "",
        reviewed_by=entry.reviewed_by or "",
        sha256=hashlib.sha256(photo).hexdigest(),
    )


def _folder(labels: tuple[str, ...]) -> str:
    """The label's folder; a photo that shows none of them goes where the trainer looks for such."""
    label = labels[0] if labels else _NONE_OF_THEM
    if Path(label).name != label or label.startswith("."):
        raise DataError(f"The label {label!r} can be no folder.")
    return label


def _remove(path: Path, sha256: str) -> None:
    """Takes away a photo of ours; what somebody put in its place stays."""
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        path.unlink()


def read_table(path: Path) -> list[TableRow]:
    """The photos that were exported before.

    Raises:
        DataError: the file is no table of an export.
    """
    if not path.exists():
        return []
    header = [field.name for field in fields(TableRow)]
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""), strict=True))
    except (ValueError, csv.Error) as exc:
        raise DataError(f"{path} cannot be read: {exc}. Mend it, or take it away.") from exc
    if not rows or rows[0] != header or any(len(row) != len(header) for row in rows):
        raise DataError(f"{path} is no table of an export: its columns must be {', '.join(header)}.")
    return [TableRow(*row) for row in rows[1:]]


def _write_table(path: Path, rows: list[TableRow]) -> None:
    """Replaces the table at once: an export that is stopped leaves the old one, and photos that the next one finds."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [field.name for field in fields(TableRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in sorted(rows, key=lambda row: row.path))
    write_photo(path, text.getvalue().encode())


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """The folder, for one export at a time."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with (out / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise DataError(f"Another export is at work in {out}. Wait for its end.") from exc
            yield
    except OSError as exc:
        raise DataError(f"The photos cannot be written to {out}: {exc}") from exc
