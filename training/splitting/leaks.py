"""Whether anything of a split is in another one: what a network has seen in training would flatter its test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from training.data import PhotoRow
from training.errors import LeakError
from training.splitting.grouping import look_alikes

_SHOWN = 5


@dataclass(frozen=True)
class Leak:
    """Two photos of different splits, and why they belong together."""

    why: str
    first: PhotoRow
    second: PhotoRow


def check_leaks(rows: Sequence[PhotoRow], max_distance: int) -> list[Leak]:
    """What is in two splits, and must not be: a group, a source, a content, or photos that look the same.

    Args:
        rows: each with its split.
        max_distance: bits in which the perceptual hashes of photos that look the same differ at most, 0..64.
    """
    alike = [int(number) for number in look_alikes(rows, max_distance)]
    return [
        *_in_two_splits("are of one group", rows, [row.group for row in rows]),
        *_in_two_splits("are of one source", rows, [row.source for row in rows]),
        *_in_two_splits("are the same file", rows, [row.sha256 for row in rows]),
        *_in_two_splits("look the same", rows, alike),
    ]


def ensure_no_leaks(rows: Sequence[PhotoRow], max_distance: int, where: str) -> None:
    """Refuses a split that leaks.

    Args:
        where: what holds the split, for the message.
    Raises:
        LeakError: two photos that belong together are in different splits; it names them.
    """
    leaks = check_leaks(rows, max_distance)
    if leaks:
        told = "; ".join(f"{_told(leak.first)} and {_told(leak.second)} {leak.why}" for leak in leaks[:_SHOWN])
        more = f"; and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
        raise LeakError(f"{where} leaks: {told}{more}. Give such photos one split, or make a new one with `split`.")


def _told(row: PhotoRow) -> str:
    return f"{row.path} ({row.split})"


def _in_two_splits(why: str, rows: Sequence[PhotoRow], keys: Sequence[Hashable]) -> Iterator[Leak]:
    """One leak for each key that rows of different splits have."""
    found: dict[Hashable, list[PhotoRow]] = defaultdict(list)
    for row, key in zip(rows, keys, strict=True):
        found[key].append(row)
    for together in found.values():
        if len({row.split for row in together}) > 1:
            yield Leak(why, *_nearest_apart(together))


def _nearest_apart(rows: Sequence[PhotoRow]) -> tuple[PhotoRow, PhotoRow]:
    """Of rows in several splits the two in different ones that look most alike."""
    hashes = np.array([row.perceptual_hash for row in rows], dtype=np.uint64)
    splits = np.array([row.split for row in rows])
    best, pair = np.inf, (0, 0)
    for i, row in enumerate(rows):
        distances = np.where(splits == row.split, np.inf, np.bitwise_count(hashes ^ hashes[i]))
        j = int(distances.argmin())
        if distances[j] < best:
            best, pair = distances[j], (i, j)
    return rows[pair[0]], rows[pair[1]]
