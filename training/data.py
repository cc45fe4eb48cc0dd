"""A folder per label -> rows of photos, each with its label and its source; and the split of them by source."""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from training.errors import DataError

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True)
class PhotoRow:
    """One photo: where it is, what it shows, and who took it.

    `stratum` is its folder below the data folder (`other/everyday`), `label` that folder's first part (`other`).
    `group` is its source, the file's name before the last `__`, or the photo alone where the name has none: photos of
    one group never part.
    """

    path: Path
    label: str
    stratum: str
    group: str
    split: Split | None = None


def read_data_folder(data: Path) -> list[PhotoRow]:
    """Every photo below the label folders, sorted by its path.

    Raises:
        DataError: no such folder, or fewer than two labels with photos.
    """
    if not data.is_dir():
        raise DataError(f"{data} is not a folder. Give a folder that holds one folder of photos per label.")
    rows = [
        _row(path, data)
        for path in sorted(data.rglob("*"))
        if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file() and len(path.relative_to(data).parts) > 1
    ]
    labels = {row.label for row in rows}
    if len(labels) < 2:
        raise DataError(
            f"{data} has photos of {len(labels)} label(s): {', '.join(sorted(labels)) or 'none'}. "
            "At least two folders with photos are needed; 'other' may be one of them."
        )
    return rows


def _row(path: Path, data: Path) -> PhotoRow:
    relative = path.relative_to(data)
    source, separator, _ = path.stem.rpartition("__")
    return PhotoRow(
        path=path,
        label=relative.parts[0],
        stratum=relative.parent.as_posix(),
        group=source if separator else relative.as_posix(),
    )


def split_by_group(rows: Sequence[PhotoRow], *, n_folds: int, seed: int) -> list[PhotoRow]:
    """The rows with their split: of `n_folds` folds one is test, one valid, the others train.

    Whole groups only, strata in like shares as far as whole groups allow: scikit-learn's StratifiedGroupKFold deals
    the folds, and the pair of them that holds the strata most evenly tests and validates.

    Raises:
        DataError: too few groups, or a label is absent from one of the splits.
    """
    n_groups = len({row.group for row in rows})
    if n_groups < n_folds:
        raise DataError(f"{n_groups} source(s) cannot be split into {n_folds} folds; give --n-folds or photos.")
    folds = _deal(rows, n_folds, seed)
    result = min((_assign(rows, folds, *pair) for pair in permutations(range(n_folds), 2)), key=_unevenness)
    _ensure_every_label_everywhere(result)
    return result


def _assign(rows: Sequence[PhotoRow], folds: NDArray[np.int64], test: int, valid: int) -> list[PhotoRow]:
    by_fold: dict[int, Split] = {test: "test", valid: "valid"}
    return [replace(row, split=by_fold.get(int(fold), "train")) for row, fold in zip(rows, folds, strict=True)]


def _unevenness(rows: Sequence[PhotoRow]) -> float:
    """How far the strata's shares in test and valid are from those of all photos: 0 where they are the same.

    A squared error relative to each stratum's own share, so that a small stratum is not forgotten in a split.
    """
    sizes = Counter(row.split for row in rows)
    counts = Counter((row.stratum, row.split) for row in rows)
    strata = Counter(row.stratum for row in rows)
    return sum(
        (counts[stratum, split] * len(rows) / (sizes[split] * total) - 1) ** 2 if sizes[split] else np.inf
        for stratum, total in strata.items()
        for split in ("test", "valid")
    )


def _deal(rows: Sequence[PhotoRow], n_folds: int, seed: int) -> NDArray[np.int64]:
    """Each row's fold (N,)."""
    strata, groups = [row.stratum for row in rows], [row.group for row in rows]
    folds = np.zeros(len(rows), dtype=np.int64)
    splitter = StratifiedGroupKFold(n_splits=n_folds, shuffle=True, random_state=seed)
    try:
        with warnings.catch_warnings():
            # A stratum smaller than the folds is no harm: every label is looked for in every split afterwards.
            warnings.filterwarnings("ignore", message="The least populated class")
            for fold, (_, chosen) in enumerate(splitter.split(strata, strata, groups)):
                folds[chosen] = fold
    except ValueError as exc:  # No stratum has as many photos as there are folds.
        raise DataError(f"{len(rows)} photos cannot be split into {n_folds} folds ({exc}); give --n-folds.") from exc
    return folds


def _ensure_every_label_everywhere(rows: Sequence[PhotoRow]) -> None:
    counts = Counter((row.label, row.split) for row in rows)
    for label in sorted({row.label for row in rows}):
        absent = [split for split in SPLITS if not counts[label, split]]
        if absent:
            raise DataError(
                f"Label {label!r} has no photo in {', '.join(absent)}: its photos come from too few sources. "
                "Add photos of other sources, or try another --seed."
            )


def data_digest(rows: Sequence[PhotoRow], data: Path) -> str:
    """sha256 over every photo's place and content: the same for the same data anywhere."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.path.relative_to(data).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(row.path.read_bytes()).digest())
    return digest.hexdigest()
