"""manifest.csv: which photo is in which split; the same manifest gives the same split anywhere.

    path             below the data folder, with `/`
    labels           a slug, or several with `;` between them
    sha256           of the file
    perceptual_hash  16 hexadecimal digits (`check.duplicates.perceptual_hash`)
    group            photos of one group never part
    split            train, valid or test
    source           who made it, by its name
    licence          as attribution.csv or SOURCES.csv of the data folder says

The order of its rows tells nothing. What an edit by hand makes of it is checked when it is read.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import cast

from app.vision.bundle import write_atomically
from training.data import SPLITS, PhotoRow, Split, labels_of, stratum_of
from training.errors import DataError

COLUMNS = ("path", "labels", "sha256", "perceptual_hash", "group", "split", "source", "licence")

_DIGEST = re.compile(r"[0-9a-f]{64}")
_HASH = re.compile(r"[0-9a-f]{16}")


def write_manifest(path: Path, rows: Sequence[PhotoRow], data: Path) -> None:
    """Writes the rows, which have a split and facts, sorted by their path, in one step.

    Raises:
        DataError: it cannot be written.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(_cells(row, data) for row in sorted(rows, key=lambda row: row.path))
    try:
        write_atomically(path, text.getvalue().encode())
    except OSError as exc:
        raise DataError(f"The manifest cannot be written to {path}: {exc}") from exc


def _cells(row: PhotoRow, data: Path) -> tuple[str, ...]:
    place = row.path.relative_to(data).as_posix()
    told = (row.group, str(row.split), row.source, row.licence)
    return (place, ";".join(row.labels), row.sha256, f"{row.perceptual_hash:016x}", *told)


def read_manifest(path: Path, data: Path, *, multi_label: bool) -> list[PhotoRow]:
    """The rows of a manifest, sorted by their path; the photos themselves are not looked at.

    Raises:
        DataError: it cannot be read, or a row has no sense; it names the row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            columns = reader.fieldnames or ()
            missing = [column for column in COLUMNS if column not in columns]
            if missing:
                raise DataError(f"{path} is no manifest: it has no column {', '.join(missing)}. `split` makes one.")
            rows = [_row(line, reader.line_num, path, data, multi_label) for line in reader]
    except (OSError, ValueError, csv.Error) as exc:
        raise DataError(f"{path} cannot be read as a manifest: {exc}") from exc
    _ensure_once(path, rows)
    return sorted(rows, key=lambda row: row.path)


def _row(line: Mapping[str, str], number: int, manifest: Path, data: Path, multi_label: bool) -> PhotoRow:
    place = PurePosixPath(line["path"])
    labels = labels_of(line["labels"]) if multi_label else (line["labels"],)
    wrong = _wrong(line, place, labels)
    if wrong:
        raise DataError(f"{manifest}, line {number} ({line['path']}): {wrong}.")
    together = ";".join(labels)
    return PhotoRow(
        path=data / place,
        label=together,
        stratum=stratum_of(place, together),
        source=line["source"],
        split=cast(Split, line["split"]),
        several=labels if multi_label else None,
        joined=line["group"],
        sha256=line["sha256"],
        perceptual_hash=int(line["perceptual_hash"], 16),
        licence=line["licence"],
    )


def _wrong(line: Mapping[str, str], place: PurePosixPath, labels: Sequence[str]) -> str | None:
    """What has no sense in a row, in words."""
    if not line["path"] or "\0" in line["path"] or place.is_absolute() or ".." in place.parts:
        return "its path is not below the data folder"
    if line["split"] not in SPLITS:
        return f"its split is {line['split']!r}, not one of {', '.join(SPLITS)}"
    if not _DIGEST.fullmatch(line["sha256"]) or not _HASH.fullmatch(line["perceptual_hash"]):
        return "its sha256 or perceptual_hash is not that many hexadecimal digits (64, 16)"
    if not line["group"] or not line["source"]:
        return "its group or source is empty"
    return "it has no label" if labels == ("",) else None


def _ensure_once(manifest: Path, rows: Sequence[PhotoRow]) -> None:
    [(path, count)] = Counter(row.path for row in rows).most_common(1) or [(manifest, 0)]
    if count > 1:
        raise DataError(f"{manifest} names {path} {count} times. Leave one row of it.")
