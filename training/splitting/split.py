"""A data folder, or a manifest of it -> rows of photos that open, each in its split."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from training.check.photo_facts import PhotoFacts, read_photo_facts
from training.config import TrainConfig
from training.data import PhotoRow, ensure_every_label_everywhere, read_data_folder, split_by_group, vocab_of
from training.errors import DataError
from training.splitting.grouping import grouped_rows
from training.splitting.leaks import ensure_no_leaks
from training.splitting.licences import licensed_rows
from training.splitting.manifest import read_manifest
from training.table import read_label_table

_SHOWN = 5
_FEW = 100  # So many are read before processes to read them have started.


def make_split(data: Path, labels: Path | None, config: TrainConfig) -> list[PhotoRow]:
    """The photos that can be opened, sorted by their path, dealt into splits by whole groups.

    Raises:
        DataError: they cannot be read, or not be split.
    """
    rows = readable_rows(read_rows(data, labels, multi_label=config.multi_label))
    rows = grouped_rows(licensed_rows(rows, data), config.near_duplicate_bits)
    rows = split_by_group(rows, n_folds=config.n_folds, seed=config.seed)
    ensure_no_leaks(rows, config.near_duplicate_bits, "the split")
    return rows


def read_split(manifest: Path, data: Path, config: TrainConfig) -> list[PhotoRow]:
    """The photos of a manifest, sorted by their path, each as the manifest says.

    Raises:
        DataError: the manifest has no sense, or its photos are not those of the data folder.
        LeakError: photos that belong together are in different splits.
    """
    rows = read_manifest(manifest, data, multi_label=config.multi_label)
    if len(vocab_of(rows)) < (1 if config.multi_label else 2):
        raise DataError(f"{manifest} has photos of {len(vocab_of(rows))} label(s); that is too few to tell apart.")
    ensure_no_leaks(rows, config.near_duplicate_bits, str(manifest))
    ensure_every_label_everywhere(rows)
    ensure_unchanged(rows, manifest, config.near_duplicate_bits)
    return rows


def ensure_unchanged(rows: Sequence[PhotoRow], manifest: Path, max_distance: int) -> None:
    """Refuses photos that are not those which the manifest was made of.

    Raises:
        DataError: it names those that are missing, have another content, cannot be opened, or are not those that the
            manifest's perceptual hash is of: by more than `max_distance` bits, since decoders differ a little.
    """
    missing = [row for row in rows if not row.path.is_file()]
    if missing:
        raise DataError(f"{_named(missing)} of {manifest} not there. Give the --data folder that it was made of.")
    facts = _facts_of(rows)
    changed = [row for row, fact in zip(rows, facts, strict=True) if fact.sha256 != row.sha256]
    if changed:
        raise DataError(f"{_named(changed)} of {manifest} changed since it was made. Bring them back, or make another.")
    shut = [row for row, fact in zip(rows, facts, strict=True) if fact.perceptual_hash is None]
    if shut:
        raise DataError(f"{_named(shut)} of {manifest} cannot be opened. Take the rows out.")
    other = [row for row, fact in zip(rows, facts, strict=True) if _distance(row, fact) > max_distance]
    if other:
        raise DataError(f"{_named(other)} of {manifest} have another perceptual hash than it says. Make another.")


def _facts_of(rows: Sequence[PhotoRow]) -> list[PhotoFacts]:
    n_workers = 0 if len(rows) < _FEW else None
    return read_photo_facts([row.path for row in rows], n_workers=n_workers, what="check")


def _distance(row: PhotoRow, facts: PhotoFacts) -> int:
    return (row.perceptual_hash ^ (facts.perceptual_hash or 0)).bit_count()


def _named(rows: Sequence[PhotoRow]) -> str:
    shown = ", ".join(str(row.path) for row in rows[:_SHOWN])
    return f"{len(rows)} photo(s) ({shown}{', …' if len(rows) > _SHOWN else ''})"


def read_rows(data: Path, labels: Path | None, *, multi_label: bool) -> list[PhotoRow]:
    """The photos of the table if there is one, else of the folders.

    Raises:
        DataError: see `read_label_table` and `read_data_folder`; or a name cannot be written down.
    """
    rows = read_label_table(labels, data, multi_label=multi_label) if labels else read_data_folder(data)
    for row in rows:
        if any("\ud800" <= letter <= "\udfff" for letter in str(row.path)):  # How Python holds bytes that are no UTF-8.
            told = os.fsencode(row.path).decode(errors="replace")
            raise DataError(f"The name of {told} is not UTF-8. Rename it.")
    return rows


def readable_rows(rows: Sequence[PhotoRow]) -> list[PhotoRow]:
    """The rows whose photo can be opened, with what is read of it; the others are named on the screen and left out.

    Raises:
        DataError: none of a label's can.
    """
    kept = []
    facts = _facts_of(rows)
    for row, fact in zip(rows, facts, strict=True):
        if fact.sha256 is None or fact.perceptual_hash is None:
            print(f"left out: {row.path}: {fact.reason}", flush=True)
        else:
            kept.append(replace(row, sha256=fact.sha256, perceptual_hash=fact.perceptual_hash))
    lost = {*vocab_of(rows)} - {*vocab_of(kept)}
    if lost:
        raise DataError(f"None of the photos of {', '.join(sorted(lost))} can be opened.")
    return kept
