"""A table of photos and their labels, one or several each -> rows."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from training.data import PhotoRow, labels_of, source_of, stratum_of, vocab_of
from training.errors import DataError

COLUMNS = ("path", "labels")

_SHOWN = 3


def read_label_table(table: Path, data: Path, *, multi_label: bool) -> list[PhotoRow]:
    """The photos of a CSV file, sorted by their path.

    Its column `path` is relative to the data folder; `labels` holds slugs with `;` or `|` between them. A photo without
    any shows none of them, which only several labels a photo (`multi_label`) can say.

    Raises:
        DataError: the table cannot be read, names a photo twice, one that is not there or lies outside the data
            folder, or has too few labels; or a photo has not exactly one, without `multi_label`.
    """
    lines = read_table_lines(table)
    rows = [_row(line, data, multi_label) for line in lines]
    _ensure_files(table, rows, data)
    _ensure_counts(table, rows, multi_label)
    return sorted(rows, key=lambda row: row.path)


def read_table_lines(table: Path) -> list[dict[str, str]]:
    """The lines of a CSV file as they stand, each with at least the columns of `COLUMNS`.

    Raises:
        DataError: it cannot be read, or lacks one of them.
    """
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            lines, columns = list(reader), reader.fieldnames or ()
    except (OSError, ValueError, csv.Error) as exc:
        raise DataError(f"{table} cannot be read as a table of labels: {exc}") from exc
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise DataError(f"{table} has no column {' and '.join(missing)}. Its first line must name path and labels.")
    return lines


def _row(line: Mapping[str, str], data: Path, multi_label: bool) -> PhotoRow:
    labels = labels_of(line["labels"])
    path, together = data / line["path"].strip(), ";".join(labels)
    if not multi_label and len(labels) != 1:
        raise DataError(f"{line['path']} has {len(labels)} labels, not one. Is --multi-label meant?")
    if Path(line["path"].strip()).is_absolute() or ".." in path.relative_to(data).parts:
        raise DataError(f"{line['path']} lies outside {data}. Give paths below the data folder.")
    several, stratum = labels if multi_label else None, stratum_of(path.relative_to(data), together)
    return PhotoRow(path=path, label=together, stratum=stratum, source=source_of(path, data), several=several)


def _ensure_files(table: Path, rows: Sequence[PhotoRow], data: Path) -> None:
    absent = [row.path.relative_to(data).as_posix() for row in rows if not row.path.is_file()]
    if absent:
        shown = ", ".join(absent[:_SHOWN]) + (", …" if len(absent) > _SHOWN else "")
        raise DataError(f"{len(absent)} photo(s) of {table} are not in {data}: {shown}")
    [(path, count)] = Counter(row.path for row in rows).most_common(1) or [(data, 0)]
    if count > 1:
        raise DataError(f"{table} names {path.relative_to(data)} {count} times. Give a photo's labels on one line.")


def _ensure_counts(table: Path, rows: Sequence[PhotoRow], multi_label: bool) -> None:
    vocab = vocab_of(rows)
    if len(vocab) < (1 if multi_label else 2):
        raise DataError(f"{table} has photos of {len(vocab)} label(s); that is too few to tell anything apart.")
    everywhere = [label for label in vocab if all(label in row.labels for row in rows)]
    if everywhere:
        raise DataError(f"{table} gives every photo the label {everywhere[0]}. Photos without it are needed, too.")
