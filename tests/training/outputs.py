"""Network outputs made by hand, for the tests of what is computed from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.vision.card import Card, Label, Thresholds
from app.vision.preprocess import PreprocessSpec
from training.data import PhotoRow
from training.outputs import SplitOutputs

_HERE = np.array([[1.0, 0.0]], dtype=np.float32)  # The embedding of the one training photo.


def embeddings_at(distances: Sequence[float]) -> NDArray[np.float32]:
    """Embeddings (N, 2) at these cosine distances from the training photo."""
    cosine = 1.0 - np.array(distances, dtype=np.float64)
    return np.stack([cosine, np.sqrt(1.0 - cosine**2)], axis=1).astype(np.float32)


def make_card(*labels: str, match: float = 0.8, max_distance: float | None = 0.5) -> Card:
    return Card(
        name="toy",
        version="1",
        task="single_label",
        labels=tuple(Label(label, label.capitalize()) for label in labels),
        other_label="other" if "other" in labels else None,
        preprocess=PreprocessSpec(size_px=32, decode_px=64),
        temperature=1.0,
        thresholds=Thresholds((match,) * len(labels), max_distance),
    )


def make_multi_card(*labels: str, match: float | tuple[float, ...] = 0.5) -> Card:
    """A card of photos that may show several labels."""
    values = match if isinstance(match, tuple) else (match,) * len(labels)
    return dataclasses.replace(make_card(*labels), task="multi_label", thresholds=Thresholds(values, 0.5))


def make_multi_outputs(
    card: Card, shown: Sequence[Sequence[int]], probabilities: Sequence[Sequence[float]], stratum: str = "photos"
) -> SplitOutputs:
    """Outputs whose sigmoid, at temperature 1, gives these probabilities; `shown` is 0 or 1 for each label."""
    values = np.array(probabilities, dtype=np.float64).reshape(len(shown), len(card.labels))
    return SplitOutputs(
        rows=tuple(PhotoRow(Path(f"{stratum}/{i}.jpg"), stratum, stratum, str(i)) for i in range(len(shown))),
        logits=np.log(values / (1 - values)).astype(np.float32),
        embeddings=embeddings_at([0.1] * len(shown)),
        targets=np.array(shown, dtype=np.float32).reshape(values.shape),
        neighbours=_HERE,
    )


def make_outputs(
    card: Card,
    strata: Sequence[str],
    probabilities: Sequence[Sequence[float]],
    distances: Sequence[float] | None = None,
) -> SplitOutputs:
    """Outputs whose softmax, at temperature 1, gives these probabilities; every photo is its own source."""
    rows = tuple(
        PhotoRow(Path(f"{stratum}/{i}.jpg"), stratum.split("/")[0], stratum, str(i)) for i, stratum in enumerate(strata)
    )
    return SplitOutputs(
        rows=rows,
        logits=np.log(np.array(probabilities, dtype=np.float32).reshape(len(rows), len(card.labels))),
        embeddings=embeddings_at(distances if distances is not None else [0.1] * len(rows)),
        targets=np.array([card.vocab.index(row.label) for row in rows], dtype=np.int64),
        neighbours=_HERE,
    )
