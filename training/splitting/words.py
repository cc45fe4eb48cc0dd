"""A split in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from training.data import SPLITS, PhotoRow, Split, vocab_of


def split_in_words(rows: Sequence[PhotoRow]) -> str:
    """`1575 photos of 135 sources in 130 groups: train 104 sequoia, …; valid …; test …`."""
    sources, groups = ({getattr(row, what) for row in rows} for what in ("source", "group"))
    counts = "; ".join(f"{split} {_counts_in_words(rows, split)}" for split in SPLITS)
    return f"{len(rows)} photos of {len(sources)} sources in {len(groups)} groups: {counts}"


def label_counts(rows: Sequence[PhotoRow], split: Split) -> dict[str, int]:
    """How many photos of a split show each label of all rows."""
    counts = Counter(label for row in rows if row.split == split for label in row.labels)
    return {label: counts[label] for label in vocab_of(rows)}


def _counts_in_words(rows: Sequence[PhotoRow], split: Split) -> str:
    return ", ".join(f"{count} {label}" for label, count in label_counts(rows, split).items())
