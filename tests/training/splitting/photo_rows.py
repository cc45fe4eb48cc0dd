"""Rows of photos, as a split has them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from training.data import PhotoRow, Split

FLAT = 1 << 63  # The perceptual hash of any picture of one colour.


def structured_hash(seed: int, *flipped: int) -> int:
    """A perceptual hash as photos have, 32 bits set; some of its bits flipped."""
    bits = np.random.default_rng(seed).permutation(64)[:32]
    return sum(1 << int(bit) for bit in {*(int(b) for b in bits)}.symmetric_difference(flipped))


def row(
    name: str, split: Split | None = None, *, look: int | None = None, content: str = "", joined: str = ""
) -> PhotoRow:
    """The photo `<label>/<source>__<n>.jpg`; of its own look and content if none are given."""
    path = Path(name)
    digest = hashlib.sha256((content or name).encode()).hexdigest()
    seed, source = int(digest[:8], 16), path.stem.rpartition("__")[0]
    return PhotoRow(
        path=Path("photos") / path,
        label=path.parts[0],
        stratum=path.parts[0],
        source=source,
        split=split,
        sha256=digest,
        perceptual_hash=structured_hash(seed) if look is None else look,
        joined=joined or source,
    )
