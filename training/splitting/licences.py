"""What the photos may be used for, as a table in their folder says."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from training.data import PhotoRow
from training.download.ledger import LEDGER

# Each has the columns `file`, below the data folder, and `licence`; the first that names a photo counts.
TABLES = (LEDGER, "SOURCES.csv")


def licensed_rows(rows: Sequence[PhotoRow], data: Path) -> list[PhotoRow]:
    """The rows with the licence that a table of the data folder states; nothing is stated of those it does not name."""
    licences: dict[str, str] = {}
    for name in reversed(TABLES):
        licences |= _read_licences(data / name)
    return [replace(row, licence=licences.get(row.path.relative_to(data).as_posix(), "")) for row in rows]


def _read_licences(table: Path) -> dict[str, str]:
    if not table.is_file():
        return {}
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            return {line["file"]: " ".join(line["licence"].split()) for line in csv.DictReader(file, restval="")}
    except KeyError as exc:
        reason = f"it has no column {exc}"
    except (OSError, ValueError, csv.Error) as exc:
        reason = str(exc)
    print(f"note: {table} tells no licences: {reason}", flush=True)
    return {}
