"""DEST: a folder of Parquet files, `part-*.parquet`, which together are the table.

Each part is there as a whole or not at all, so a run that is killed leaves a table that can be read and gone on with;
one single file would be neither until its end. pandas, Arrow, DuckDB and Spark read the folder as they would a file.
`_which-park.json` beside the parts says what the folder is; they pass over names with `_`.
"""

from __future__ import annotations

import fcntl
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from app.batch.errors import DestinationError
from app.batch.finished import PathSet
from app.batch.rows import OK
from app.vision.bundle import write_atomically

MARKER = "_which-park.json"
_LOCK = "_lock"
_SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Begun:
    """What a table is of: its source, and the bundle that looked at it (`card_sha256` is of its card.json)."""

    source: str
    bundle: str
    card_sha256: str


class Destination:
    """The parts of a table. One process at a time has it, which `opened` sees to; one thread uses it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def parts(self) -> list[Path]:
        """The parts, in the order in which they were written."""
        return sorted(self.path.glob("part-*.parquet"), key=lambda part: (len(part.name), part.name))

    def add(self, table: pa.Table) -> Path:
        """Writes one part more.

        Raises:
            OSError: the disk is full, or the folder is gone.
        """
        parts = self.parts
        number = int(parts[-1].stem.removeprefix("part-")) + 1 if parts else 1
        part = self.path / f"part-{number:06}.parquet"
        _write(part, table)
        return part

    def finished(self) -> PathSet:
        """The photos that have a row.

        Raises:
            DestinationError: a part cannot be read.
        """
        return PathSet(path for part in self.parts for path in _read(part, ["path"])["path"].to_pylist())

    def tally(self) -> Counter[str]:
        """How many rows have each verdict, and of those without one each status."""
        counts: Counter[str] = Counter()
        for part in self.parts:
            counts += tally_of(_read(part, ["status", "verdict"]))
        return counts

    def forget_failed(self) -> int:
        """Takes out the rows without a verdict, so that their photos are looked at again; how many there were."""
        n_failed = 0
        for part in self.parts:
            table = _read(part, None)
            good = table.filter(pc.equal(table["status"], OK))
            n_failed += len(table) - len(good)
            if not len(good):
                part.unlink()
            elif len(good) < len(table):
                _write(part, good)
        return n_failed


def tally_of(table: pa.Table) -> Counter[str]:
    """How many rows of a table have each verdict, and of those without one each status."""
    return Counter(pc.coalesce(table["verdict"], table["status"]).to_pylist())


@contextmanager
def opened(path: Path, begun: Begun, *, may_mix: bool) -> Iterator[Destination]:
    """The folder, made if it is not there, and locked.

    Args:
        may_mix: whether another bundle than before may go on with the table.
    Raises:
        DestinationError: it cannot be written, is not a table of ours, of another source or bundle, or in use.
    """
    _ensure_folder(path)
    try:
        lock = (path / _LOCK).open("w")
    except OSError as exc:
        raise DestinationError(f"{path} cannot be written: {exc.strerror}.") from exc
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise DestinationError(f"Another run writes into {path}; wait for its end, or name another DEST.") from exc
        for left in path.glob(".part-*"):  # Of a run that was killed while it wrote.
            left.unlink()
        _mark(path / MARKER, begun, may_mix)
        yield Destination(path)


def _ensure_folder(path: Path) -> None:
    try:
        if path.is_file():
            raise DestinationError(
                f"{path} is a file. DEST is a folder of Parquet files: name one that is not there yet."
            )
        if path.is_dir() and not (path / MARKER).exists() and {entry.name for entry in path.iterdir()} - {_LOCK}:
            raise DestinationError(f"{path} holds something else than a table of this command; name another DEST.")
        path.mkdir(exist_ok=True)
    except FileNotFoundError as exc:
        raise DestinationError(f"There is no folder {path.parent}, in which {path.name} would be made.") from exc
    except OSError as exc:
        raise DestinationError(f"{path} cannot be made: {exc.strerror}.") from exc


def _mark(marker: Path, begun: Begun, may_mix: bool) -> None:
    """Says whose the folder is, or sees that it is ours."""
    if marker.exists():
        before = _read_marker(marker)
        if before.source != begun.source:
            raise DestinationError(
                f"{marker.parent} is the table of {before.source}; name another DEST for {begun.source}."
            )
        if before == begun:
            return
        if not may_mix:
            raise DestinationError(
                f"{marker.parent} was begun with {_bundle(before)}, this run has {_bundle(begun)}. Name another DEST; "
                "or --mix-bundles goes on, and the columns model_name and model_version tell the rows apart."
            )
    try:
        write_atomically(marker, json.dumps({"schema_version": _SCHEMA_VERSION, **asdict(begun)}, indent=2).encode())
    except OSError as exc:
        raise DestinationError(f"{marker.parent} cannot be written: {exc.strerror}.") from exc


def _read_marker(marker: Path) -> Begun:
    try:
        data: dict[str, Any] = json.loads(marker.read_bytes())
        if data.pop("schema_version") != _SCHEMA_VERSION:
            raise DestinationError(f"{marker.parent} is a table of another version of this command; name another DEST.")
        return Begun(**data)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        raise DestinationError(f"{marker} cannot be read ({exc!r}); name another DEST.") from exc


def _bundle(begun: Begun) -> str:
    return f"the bundle {begun.bundle} (card {begun.card_sha256[:8]})"


def _write(part: Path, table: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    write_atomically(part, sink.getvalue().to_pybytes())


def _read(part: Path, columns: list[str] | None) -> pa.Table:
    try:
        with part.open("rb") as file:
            return pq.read_table(file, columns=columns)
    except (OSError, pa.ArrowException) as exc:
        raise DestinationError(
            f"{part} cannot be read: {exc}. Take it away, and the same command looks at its photos again."
        ) from exc
