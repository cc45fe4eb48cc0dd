"""Which files a check looks at: all below the label folders, or those that a table names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.check.findings import Finding
from training.data import PHOTO_SUFFIXES, PhotoRow, labels_of, source_of, stratum_of
from training.errors import DataError
from training.table import read_table_lines

_NOT_MEANT = frozenset({"thumbs.db", "desktop.ini"})  # What file managers leave in folders of photos.


@dataclass(frozen=True)
class Listing:
    """The files that are to be photos, sorted by path; and what is wrong with the places of others.

    `multi_label`: a photo may have any number of labels.
    """

    rows: list[PhotoRow]
    findings: list[Finding]
    multi_label: bool = False


def list_folder(data: Path, max_files: int) -> Listing:
    """Every file below the label folders, photo or not, but for hidden ones that are no photos.

    Raises:
        DataError: no such folder, no file in a label's folder, or more than `max_files`.
    """
    paths, findings = _walk(data, max_files)
    inside = [path for path in paths if len(path.relative_to(data).parts) > 1]
    if not inside:
        raise DataError(f"{data} holds no file in a folder. Give a folder that holds one folder of photos per label.")
    stray = [path for path in paths if path.parent == data and is_named_as_photo(path)]
    reason = "It lies in no label's folder."
    findings += [Finding("unlabelled", reason, (path,)) for path in stray]
    return Listing([_row_of_folder(path, data) for path in inside], findings)


def list_table(table: Path, data: Path, max_files: int) -> Listing:
    """The files that the table names and that are there; the others, and photos it does not name, are findings.

    Raises:
        DataError: the table cannot be read, names nothing that is there, or more than `max_files`.
    """
    paths, findings = _walk(data, max_files)
    lines = read_table_lines(table)
    if len(lines) > max_files:
        raise DataError(f"{table} has {len(lines)} lines, at most {max_files} are looked at: see --max-files.")
    named = list(_named(lines, data))
    multi_label = any(len(labels) > 1 for _, labels in named)
    there = [(path, labels) for path, labels in named if _is_there(path)]
    if not there:
        raise DataError(f"{table} names no file that is in {data}. Give paths below --data.")
    findings += _findings_of_lines(named, data, multi_label=multi_label)
    unnamed = {path for path in paths if is_named_as_photo(path)} - {path for path, _ in named}
    findings += [Finding("unlabelled", "The table does not name it.", (path,)) for path in sorted(unnamed)]
    labelled = {path: labels for path, labels in there if labels or multi_label}
    return Listing([_row_of_table(path, labelled[path], data) for path in sorted(labelled)], findings, multi_label)


def is_named_as_photo(path: Path) -> bool:
    """Whether the trainer takes it for a photo, by its name."""
    return path.suffix.lower() in PHOTO_SUFFIXES


def _walk(data: Path, max_files: int) -> tuple[list[Path], list[Finding]]:
    """All files, sorted; links to folders are named and not followed, as the trainer does: they may go round."""
    if not data.is_dir():
        raise DataError(f"{data} is not a folder. Give a folder that holds one folder of photos per label.")
    paths: list[Path] = []
    findings: list[Finding] = []

    def note_closed(error: OSError) -> None:
        findings.append(Finding("folder_link", f"It cannot be read: {error.strerror}.", (Path(error.filename),)))

    for folder, subfolders, names in os.walk(data, onerror=note_closed):
        here = Path(folder)
        links = [here / name for name in subfolders if (here / name).is_symlink()]
        findings += [Finding("folder_link", "It is a link to a folder.", (link,)) for link in links]
        paths += [here / name for name in names if _is_meant(here / name)]
        if len(paths) > max_files:
            raise DataError(f"{data} holds more than {max_files} files. Is it the right folder? If so, --max-files.")
    return sorted(paths), findings


def _is_meant(path: Path) -> bool:
    name = path.name.lower()
    return is_named_as_photo(path) or not (name.startswith(".") or name in _NOT_MEANT)


def _row_of_folder(path: Path, data: Path) -> PhotoRow:
    place = path.relative_to(data)
    label = place.parts[0]
    return PhotoRow(path, label, stratum_of(place, label), source_of(path, data))


def _row_of_table(path: Path, labels: tuple[str, ...], data: Path) -> PhotoRow:
    together = ";".join(labels)
    return PhotoRow(path, together, stratum_of(path.relative_to(data), together), source_of(path, data), several=labels)


def _named(lines: Sequence[Mapping[str, str]], data: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Each line's photo and labels.

    Raises:
        DataError: a line names a place outside the data folder.
    """
    for line in lines:
        name = line["path"].strip()
        if not name or Path(name).is_absolute() or ".." in Path(name).parts or "\0" in name:
            raise DataError(f"The table names {name!r}, which is no file below {data}. Give paths below --data.")
        yield data / name, labels_of(line["labels"])


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # A name no file can have: far too long, for one.
        return False


def _findings_of_lines(
    named: Sequence[tuple[Path, tuple[str, ...]]], data: Path, *, multi_label: bool
) -> Iterator[Finding]:
    labels_of: dict[Path, list[tuple[str, ...]]] = {}
    for path, labels in named:
        labels_of.setdefault(path, []).append(labels)
    for path, given in labels_of.items():
        if not _is_there(path):
            yield Finding("missing", "The table names it; there is no such file.", (path,))
        elif len(given) > 1:
            kind = "label_conflict" if len(set(given)) > 1 else "duplicate"
            yield Finding(kind, f"The table names it {len(given)} times: {_in_words(given)}.", (path,))
        elif not given[0] and not multi_label:
            yield Finding("unlabelled", "The table gives it no label.", (path,))


def _in_words(given: Sequence[tuple[str, ...]]) -> str:
    return ", ".join("+".join(labels) or "nothing" for labels in given)
