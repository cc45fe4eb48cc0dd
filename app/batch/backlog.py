"""What is still to be looked at: listed once, into a file, so that a million paths cost no memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from app.batch.finished import PathSet, first_mentions
from app.batch.rows import FOUND, found_table
from app.batch.source import Found

_AT_ONCE = 10_000


class Backlog:
    """The photos of a source that are not done, each once, in a file of Arrow's."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.n_photos = 0
        self.n_done_before = 0

    def fill(self, found: Iterator[Found], finished: PathSet) -> None:
        """Writes down what is found and not finished."""
        spool = self._file.with_name("found.arrow")
        with pa.OSFile(str(spool), "wb") as sink, pa.ipc.new_stream(sink, FOUND) as writer:
            for some in _in_groups(found):
                writer.write_table(found_table(some))
        is_first = first_mentions(path for table in _tables(spool) for path in table["path"].to_pylist())
        at = 0
        with pa.OSFile(str(self._file), "wb") as sink, pa.ipc.new_stream(sink, FOUND) as writer:
            for table in _tables(spool):
                first = is_first[at : at + len(table)]
                is_done = finished.has(table["path"].to_pylist()) & first
                at += len(table)
                self.n_done_before += int(np.count_nonzero(is_done))
                self.n_photos += int(np.count_nonzero(first & ~is_done))
                writer.write_table(table.filter(pa.array(first & ~is_done)))
        spool.unlink()

    def rounds(self, n_photos: int) -> Iterator[pa.Table]:
        """Tables of FOUND with at least so many photos each, the last one with the rest."""
        gathered: list[pa.Table] = []
        for table in _tables(self._file):
            gathered.append(table)
            if sum(map(len, gathered)) >= n_photos:
                yield pa.concat_tables(gathered)
                gathered = []
        if sum(map(len, gathered)):
            yield pa.concat_tables(gathered)


def blocks_of(table: pa.Table, n_rows: int) -> list[pa.Table]:
    """A table cut into pieces of so many rows."""
    return [table.slice(start, n_rows).combine_chunks() for start in range(0, len(table), n_rows)]


def _in_groups(found: Iterator[Found]) -> Iterator[Sequence[Found]]:
    gathered: list[Found] = []
    for photo in found:
        gathered.append(photo)
        if len(gathered) == _AT_ONCE:
            yield gathered
            gathered = []
    if gathered:
        yield gathered


def _tables(file: Path) -> Iterator[pa.Table]:
    with pa.OSFile(str(file), "rb") as source, pa.ipc.open_stream(source) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])
