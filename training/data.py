"""A folder per label -> rows of photos, each with its label and its source; and the split of them by source."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path, PurePath
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from training.errors import DataError

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".hif", ".avif"}
)

_SEPARATORS = re.compile(r"[;|]")


@dataclass(frozen=True)
class PhotoRow:
    """One photo: where it is, what it shows, and who took it.

    `stratum` is its folder below the data folder (`other/everyday`), `label` that folder's first part (`other`).
    `source` is the file's name before the last `__`, or the photo alone where the name has none. `several` are the
    labels of a photo to which a table gives any number of them; `label` and `stratum` are then those in one.

    Once the file was read there are `sha256` and `perceptual_hash`; once near-duplicates were looked for, `joined` is
    the group that its source and others have become.
    """

    path: Path
    label: str
    stratum: str
    source: str
    split: Split | None = None
    several: tuple[str, ...] | None = None
    joined: str = ""
    sha256: str = ""
    perceptual_hash: int = 0
    licence: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """All that the photo shows."""
        return (self.label,) if self.several is None else self.several

    @property
    def group(self) -> str:
        """Photos of one group never part."""
        return self.joined or self.source


def vocab_of(rows: Iterable[PhotoRow]) -> list[str]:
    """The labels of the photos, in index order."""
    return sorted({label for row in rows for label in row.labels})


def read_data_folder(data: Path) -> list[PhotoRow]:
    """Every photo below the label folders, sorted by its path. Links to photos are photos, whether or not they lead
    anywhere; links to folders are not followed, and named on the screen: they might lead around in circles.

    Raises:
        DataError: no such folder, or fewer than two labels with photos.
    """
    if not data.is_dir():
        raise DataError(f"{data} is not a folder. Give a folder that holds one folder of photos per label.")
    found = sorted(data.rglob("*"))
    for path in found:
        if path.is_symlink() and path.is_dir():
            print(f"left out: {path}: It is a link to a folder. Move or copy that folder here.", flush=True)
    rows = [_row(path, data) for path in found if _is_photo(path) and len(path.relative_to(data).parts) > 1]
    labels = {row.label for row in rows}
    if len(labels) < 2:
        raise DataError(
            f"{data} has photos of {len(labels)} label(s): {', '.join(sorted(labels)) or 'none'}. "
            "At least two folders with photos are needed; 'other' may be one of them."
        )
    return rows


def _is_photo(path: Path) -> bool:
    """By its name; what is in it is found out later."""
    return path.suffix.lower() in PHOTO_SUFFIXES and (path.is_file() or (path.is_symlink() and not path.is_dir()))


def _row(path: Path, data: Path) -> PhotoRow:
    place = path.relative_to(data)
    label = place.parts[0]
    return PhotoRow(path=path, label=label, stratum=stratum_of(place, label), source=source_of(path, data))


def stratum_of(place: PurePath, label: str) -> str:
    """The folder of a photo below the data folder, if it is one of its label's; else the label."""
    return place.parent.as_posix() if place.parent.parts[:1] == (label,) else label


def labels_of(text: str) -> tuple[str, ...]:
    """The labels of a table's cell, with `;` or `|` between them; it may hold none."""
    return tuple(sorted({label.strip() for label in _SEPARATORS.split(text)} - {""}))


def source_of(path: Path, data: Path) -> str:
    """The source of a photo below the data folder, by its name; where the name has none, its place."""
    source, separator, _ = path.stem.rpartition("__")
    return source if separator else path.relative_to(data).as_posix()


def split_by_group(rows: Sequence[PhotoRow], *, n_folds: int, seed: int) -> list[PhotoRow]:
    """The rows with their split: of `n_folds` folds one is test, one valid, the others train.

    Whole groups only, strata in like shares as far as whole groups allow: scikit-learn's StratifiedGroupKFold deals
    the folds, and the pair of them that lacks the fewest labels and holds the strata most evenly tests and validates.

    Raises:
        DataError: too few groups, or a label is absent from one of the splits.
    """
    n_groups = len({row.group for row in rows})
    if n_groups < n_folds:
        raise DataError(f"{n_groups} group(s) of photos cannot make {n_folds} folds; give --n-folds or photos.")
    folds = _deal(rows, n_folds, seed)
    pairs = (_assign(rows, folds, *pair) for pair in permutations(range(n_folds), 2))
    result = min(pairs, key=lambda dealt: (sum(map(len, _absences(dealt).values())), _unevenness(dealt)))
    ensure_every_label_everywhere(result)
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


def ensure_every_label_everywhere(rows: Sequence[PhotoRow]) -> None:
    """Raises DataError if a label is absent from one of the splits."""
    for label, absent in _absences(rows).items():
        if absent:
            raise DataError(
                f"Label {label!r} has no photo in {', '.join(absent)}: its photos come from too few sources. "
                "Add photos of other sources, or try another --seed."
            )


def _absences(rows: Sequence[PhotoRow]) -> dict[str, list[Split]]:
    """The splits that lack a label, by label."""
    counts = Counter((label, row.split) for row in rows for label in row.labels)
    return {label: [split for split in SPLITS if not counts[label, split]] for label in vocab_of(rows)}


def data_digest(rows: Sequence[PhotoRow], data: Path) -> str:
    """sha256 over every photo's place, content and, where a table gives them, labels: the same anywhere.

    Args:
        rows: sorted by path, with the sha256 of their files.
    """
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.path.relative_to(data).as_posix().encode() + b"\0")
        digest.update(bytes.fromhex(row.sha256))
        if row.several is not None:
            digest.update(row.label.encode() + b"\0")
    return digest.hexdigest()
