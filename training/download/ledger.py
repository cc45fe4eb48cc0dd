"""attribution.csv: who made each photo and what it may be used for; and what makes a second run go on, not begin anew.

A row is written after its photo lies in its place, and is on the disk before the next photo is fetched: a row without
its photo is one that was taken away on purpose, and is not fetched again.
"""

from __future__ import annotations

import csv
import fcntl
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from training.download.errors import LedgerError

LEDGER = "attribution.csv"
REFUSED = "attribution-refused.csv"
_MAX_CHARACTERS = 500


@dataclass(frozen=True)
class LedgerRow:
    """One photo; `file` is below the data folder, with `/` between its parts."""

    file: str
    source_page: str
    author: str
    licence: str
    licence_url: str
    sha256: str
    provider: str
    provider_id: str
    title: str


@dataclass(frozen=True)
class RefusedRow:
    """One photo that was fetched, and then was none we can use: not to be fetched a second time."""

    provider: str
    provider_id: str
    reason: str


class Ledger:
    """What is known of a data folder's photos.

    Owned by one process: `open_ledger` locks the file. Not for several threads.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        rows = [LedgerRow(*values) for values in _read_rows(out / LEDGER, LedgerRow)]
        refused = [RefusedRow(*values) for values in _read_rows(out / REFUSED, RefusedRow)]
        self._ids = {(row.provider, row.provider_id) for row in rows} | {(r.provider, r.provider_id) for r in refused}
        self._digests = {row.sha256 for row in rows}
        self._counts = Counter(row.file.split("/")[0] for row in rows if (out / row.file).is_file())

    def knows(self, provider: str, provider_id: str) -> bool:
        return (provider, provider_id) in self._ids

    def has_bytes(self, sha256: str) -> bool:
        return sha256 in self._digests

    def count(self, label: str) -> int:
        """Photos of this label that the ledger names and that are there."""
        return self._counts[label]

    def add(self, row: LedgerRow) -> None:
        _append(self._out / LEDGER, LedgerRow, row)
        self._ids.add((row.provider, row.provider_id))
        self._digests.add(row.sha256)
        self._counts[row.file.split("/")[0]] += 1

    def refuse(self, row: RefusedRow) -> None:
        _append(self._out / REFUSED, RefusedRow, row)
        self._ids.add((row.provider, row.provider_id))


@contextmanager
def open_ledger(out: Path) -> Iterator[Ledger]:
    """The ledger of a data folder, which is made where it is not there.

    Raises:
        LedgerError: the folder cannot be written, its ledger is not ours, or another download is at work in it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with (out / LEDGER).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise LedgerError(f"Another download is at work in {out}. Wait for its end.") from exc
            yield Ledger(out)
    except OSError as exc:
        raise LedgerError(f"The photos cannot be written to {out}: {exc}") from exc


def _header(row: type[LedgerRow] | type[RefusedRow]) -> list[str]:
    return [field.name for field in fields(row)]


def _read_rows(path: Path, kind: type[LedgerRow] | type[RefusedRow]) -> list[list[str]]:
    """The rows below the header; the torn end that a kill in the middle of a row leaves is cut off first."""
    if not path.exists():
        return []
    _cut_torn_end(path)
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8")), strict=True))
    except (ValueError, csv.Error) as exc:
        raise LedgerError(f"{path} cannot be read: {exc}. Mend it, or take it away.") from exc
    header = _header(kind)
    if rows and (rows[0] != header or any(len(row) != len(header) for row in rows)):
        raise LedgerError(f"{path} is no ledger of a download: its columns must be {', '.join(header)}.")
    return rows[1:]


def _cut_torn_end(path: Path) -> None:
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def _append(path: Path, kind: type[LedgerRow] | type[RefusedRow], row: LedgerRow | RefusedRow) -> None:
    is_new = not path.exists() or path.stat().st_size == 0
    lines = _lines([_header(kind)] if is_new else []) + _lines([[_one_line(value) for value in astuple(row)]])
    with path.open("ab") as file:
        file.write(lines.encode())
        file.flush()
        os.fsync(file.fileno())


def _lines(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _one_line(value: str) -> str:
    return " ".join(value.split())[:_MAX_CHARACTERS]
