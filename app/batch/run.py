"""A run over an archive: what is not done yet goes to the workers round by round, their rows into parts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from app.batch.backlog import Backlog, blocks_of
from app.batch.destination import Destination, tally_of
from app.batch.errors import ClusterError, UnreadableError, WorkerDiedError
from app.batch.progress import Progress
from app.batch.rows import row_of_error, table_of
from app.vision.card import Card

# Where as many of the first photos as these cannot be had, and no other could, something is wrong with all of them.
_ENOUGH_TO_JUDGE = 30
_NOT_HAD = {UnreadableError.code, WorkerDiedError.code}


class Look(Protocol):
    """Looks at photos: see `cluster.Pool.look`."""

    def __call__(self, blocks: Sequence[pa.Table], *, alone: bool) -> Iterable[pa.Table]: ...


@dataclass(frozen=True)
class Pace:
    """How a run is cut up: photos that a worker gets at once, rows and seconds until a part is written, photos a round.

    The paths of a round are in memory.
    """

    batch: int = 64
    part_rows: int = 10_000
    part_s: float = 30.0
    round_photos: int = 500_000


class Recorder:
    """Gathers rows, and writes them as a part now and then. Owned by one thread."""

    def __init__(self, destination: Destination, progress: Progress, pace: Pace) -> None:
        self._destination, self._progress, self._pace = destination, progress, pace
        self._rows: list[pa.Table] = []
        self._written_at = time.monotonic()
        self.tally: Counter[str] = Counter()

    def add(self, table: pa.Table) -> None:
        """Some rows more.

        Raises:
            ClusterError: not one photo can be had.
            OSError: a part cannot be written.
        """
        self._rows.append(table)
        self.tally += tally_of(table)
        self._progress.add(len(table))
        is_late = time.monotonic() - self._written_at >= self._pace.part_s
        if is_late or sum(map(len, self._rows)) >= self._pace.part_rows:
            self.write()

    def write(self) -> None:
        """Writes what was gathered. Errors: see `add`."""
        if self._rows:
            self._ensure_sense()
            self._destination.add(pa.concat_tables(self._rows))
            self._rows = []
            self._progress.say()
        self._written_at = time.monotonic()

    def _ensure_sense(self) -> None:
        if self.tally.total() >= _ENOUGH_TO_JUDGE and set(self.tally) <= _NOT_HAD:
            reasons = pc.drop_null(pa.concat_tables(self._rows)["error"]).to_pylist()
            self._rows = []
            raise ClusterError(
                f"Not one of the first {self.tally.total()} photos could be had by the workers, so none is recorded: "
                f"{reasons[0]} Does every machine of the cluster see SRC, at the same path?"
            )


def run(backlog: Backlog, look: Look, card: Card, recorder: Recorder, pace: Pace) -> None:
    """Looks at the photos of a backlog; what was gathered is written, whatever ends it.

    Raises:
        ClusterError: the workers cannot work, or can have no photo.
        OSError: a part cannot be written.
    """
    try:
        for photos in backlog.rounds(pace.round_photos):
            for table in _rows_of_round(photos, look, card, pace.batch):
                recorder.add(table)
    finally:
        recorder.write()


def _rows_of_round(photos: pa.Table, look: Look, card: Card, batch: int) -> Iterator[pa.Table]:
    """One row for each photo. Those that no worker gave any for are looked at once more, one at a time: what ends a
    worker is then alone, and has a row that says so.
    """
    waited_for = set(photos["path"].to_pylist())
    for n_at_once, alone in ((batch, False), (1, True)):
        left = photos.filter(pc.is_in(photos["path"], pa.array(waited_for, pa.string())))
        for table in look(blocks_of(left, n_at_once), alone=alone) if len(left) else ():
            paths = table["path"].to_pylist()
            yield table.filter(pa.array([path in waited_for for path in paths]))
            waited_for.difference_update(paths)
    error = WorkerDiedError("Every worker that looked at this photo ended without a word; it may want too much memory.")
    if waited_for:
        yield table_of([row_of_error(path, error, card) for path in sorted(waited_for)], card)
