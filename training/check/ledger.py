"""The ledger of what was moved aside: a CSV file, written before each move, that is enough to move all of it back."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from app.vision.bundle import write_atomically
from training.errors import CheckError

LEDGER = "moved.csv"


@dataclass(frozen=True)
class Move:
    """A line of the ledger. `came_from` is below the data folder, `went_to` below the folder aside."""

    came_from: str
    went_to: str
    kind: str
    reason: str
    moved_at: str


COLUMNS = tuple(field.name for field in fields(Move))


def read_ledger(aside: Path) -> list[Move]:
    """The moves that the ledger tells, the first one first.

    Raises:
        CheckError: it is not there, or has no sense.
    """
    try:
        with (aside / LEDGER).open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            moves = [Move(*(line[column] for column in COLUMNS)) for line in csv.DictReader(file, restval="")]
    except FileNotFoundError as exc:
        raise CheckError(f"{aside} has no {LEDGER}: nothing was moved there. Give its --aside, if another.") from exc
    except (OSError, ValueError, KeyError, csv.Error) as exc:
        raise CheckError(f"{aside / LEDGER} cannot be read as a ledger of moves: {exc}") from exc
    for place in (place for move in moves for place in (move.came_from, move.went_to)):
        if not place or Path(place).is_absolute() or ".." in Path(place).parts or "\0" in place:
            raise CheckError(f"{aside / LEDGER} names {place!r}, which is no place below a folder. Mend that line.")
    return moves


def append_move(aside: Path, move: Move) -> None:
    """Adds a line, on the disk when this returns; makes the folder and the ledger where they are not there.

    Raises:
        OSError: it cannot be written.
    """
    aside.mkdir(parents=True, exist_ok=True)
    ledger = aside / LEDGER
    lines = [astuple(move)] if ledger.exists() else [COLUMNS, astuple(move)]
    with ledger.open("ab", buffering=0) as file:
        size = file.tell()
        try:
            _write_all(file, _encoded(lines))
        except OSError:
            file.truncate(size)  # A full disk: half a line would make no sense to whoever undoes.
            raise
        os.fsync(file.fileno())


def rewrite_ledger(aside: Path, moves: Sequence[Move]) -> None:
    """Lets the ledger tell these moves; none: it goes.

    Raises:
        OSError: it cannot be written.
    """
    if moves:
        write_atomically(aside / LEDGER, _encoded([COLUMNS, *map(astuple, moves)]))
    else:
        (aside / LEDGER).unlink()


def _write_all(file: io.FileIO, data: bytes) -> None:
    left = memoryview(data)
    while left:  # A write may take a part, just before the disk is full.
        left = left[file.write(left) :]


def _encoded(lines: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(lines)  # A name may hold a line end.
    return text.getvalue().encode(errors="surrogateescape")  # Names are bytes; not all of them are UTF-8.
