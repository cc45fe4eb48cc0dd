"""Photos that are there more than once: the same file, or one that looks the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from training.check.duplicates import HASH_BITS
from training.check.findings import CheckedPhoto, Finding
from training.splitting.grouping import look_alikes

Group = list[CheckedPhoto]


def check_copies(photos: Sequence[CheckedPhoto], max_distance: int) -> Iterator[Finding]:
    """Exact duplicates and near ones, within a label and across labels; groups of several sources first.

    Args:
        photos: usable ones, sorted by path.
        max_distance: bits in which the hashes of near duplicates differ at most, see `look_alikes`.
    """
    same = _grouped(photos, [photo.row.sha256 for photo in photos])
    yield from map(_exact, _several(same))
    yield from map(_near, _several(_near_groups([group[0] for group in same], max_distance)))


def _near_groups(photos: Sequence[CheckedPhoto], max_distance: int) -> list[Group]:
    """Photos of different files that look the same."""
    return _grouped(photos, look_alikes([photo.row for photo in photos], max_distance).tolist())


def _grouped(photos: Sequence[CheckedPhoto], keys: Sequence[object]) -> list[Group]:
    groups: dict[object, Group] = {}
    for photo, key in zip(photos, keys, strict=True):
        groups.setdefault(key, []).append(photo)
    return list(groups.values())


def _several(groups: Iterable[Group]) -> list[Group]:
    """The groups of more than one photo, those of most sources first."""
    return sorted((group for group in groups if len(group) > 1), key=lambda group: -_n_sources(group))


def _n_sources(group: Group) -> int:
    return len({photo.row.source for photo in group})


def _exact(group: Group) -> Finding:
    if _labels_differ(group):
        return _finding("label_conflict", f"The same file {_labelled(group)}.", group, group)
    return _finding("duplicate", f"The same file {len(group)} times, {_of_sources(group)}.", group, group[1:])


def _near(group: Group) -> Finding:
    hashes = np.array([photo.row.perceptual_hash for photo in group], dtype=np.uint64)
    apart = f"at most {int(np.bitwise_count(hashes ^ hashes[0]).max())} of {HASH_BITS} bits from the first"
    if _labels_differ(group):
        return _finding("near_conflict", f"Look the same {_labelled(group)}; {apart}.", group, group)
    best = max(group, key=_quality)
    rest = [photo for photo in group if photo is not best]
    return _finding("near_duplicate", f"{len(group)} photos, {_of_sources(group)}; {apart}.", [best, *rest], rest)


def _quality(photo: CheckedPhoto) -> tuple[int, int]:
    """Pixels, then bytes: of copies, the one with most is the nearest to the original."""
    return (photo.facts.width or 0) * (photo.facts.height or 0), photo.facts.n_bytes


def _labels_differ(group: Group) -> bool:
    return len({photo.labels for photo in group}) > 1


def _labelled(group: Group) -> str:
    labels = sorted({"+".join(photo.labels) or "nothing" for photo in group})
    return f"as {' and as '.join(labels)}"


def _of_sources(group: Group) -> str:
    n = _n_sources(group)
    return "all of one source" if n == 1 else f"of {n} sources"


def _finding(kind: str, reason: str, group: Group, suspects: Group) -> Finding:
    return Finding(kind, reason, tuple(photo.path for photo in group), tuple(photo.path for photo in suspects))
