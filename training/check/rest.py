"""The table of labels without the photos that were moved aside; the table given stays as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from training.check.ledger import Move
from training.check.report import write_file
from training.table import read_table_lines


def write_rest(table: Path, moves: Sequence[Move], aside: Path) -> Path:
    """Writes the lines of the photos that were not moved, into the folder aside; gives the new table.

    Raises:
        CheckError: it cannot be written.
        DataError: the table cannot be read any more.
    """
    lines, moved = read_table_lines(table), {move.came_from for move in moves}
    kept = [line for line in lines if Path(line["path"].strip()).as_posix() not in moved]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(kept)
    rest = aside / table.name
    write_file(rest, text.getvalue().encode(errors="surrogateescape"))
    return rest
