"""What the labels lack: photos, sources, or balance between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from training.check.findings import CheckedPhoto, Finding
from training.check.limits import CheckLimits


@dataclass(frozen=True)
class LabelCount:
    """A label's files, those of them that can be trained on, and how many sources these have."""

    label: str
    n_files: int
    n_photos: int
    n_sources: int


def count_labels(photos: Sequence[CheckedPhoto]) -> list[LabelCount]:
    """The counts of every label, in alphabetical order."""
    labels = sorted({label for photo in photos for label in photo.labels})
    return [_count(label, [photo for photo in photos if label in photo.labels]) for label in labels]


def _count(label: str, photos: Sequence[CheckedPhoto]) -> LabelCount:
    usable = [photo for photo in photos if photo.facts.problem is None]
    return LabelCount(label, len(photos), len(usable), len({photo.row.source for photo in usable}))


def check_balance(counts: Sequence[LabelCount], limits: CheckLimits, *, multi_label: bool) -> Iterator[Finding]:
    """What is too little of each label, alone and beside the largest."""
    needed = 1 if multi_label else 2
    if len(counts) < needed:
        names = ", ".join(count.label for count in counts) or "none"
        yield Finding("few_labels", f"{len(counts)} label(s): {names}. At least {needed} is needed to train.")
    largest = max(counts, key=lambda count: count.n_photos, default=None)
    for count in counts:
        yield from _check_label(count, limits)
        if largest is not None:
            yield from _check_share(count, largest, limits.max_imbalance)


def _check_label(count: LabelCount, limits: CheckLimits) -> Iterator[Finding]:
    if count.n_photos < limits.min_photos:
        reason = f"{count.n_photos} photo(s) that can be used, at least {limits.min_photos} are wished for."
        yield Finding("few_photos", reason, label=count.label)
    if count.n_sources < limits.min_sources:
        reason = f"{count.n_sources} source(s), at least {limits.min_sources} are wished for."
        yield Finding("few_sources", reason, label=count.label)


def _check_share(count: LabelCount, largest: LabelCount, max_imbalance: float) -> Iterator[Finding]:
    if count.n_photos * max_imbalance < largest.n_photos:
        ratio = f"{largest.n_photos / count.n_photos:.0f} to 1" if count.n_photos else "none"
        reason = f"{count.n_photos} photo(s), {largest.label} has {largest.n_photos}: {ratio}."
        yield Finding("imbalance", reason, label=count.label)
