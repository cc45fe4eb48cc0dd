"""Logits -> calibrated probabilities -> a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.inference.runtime import Array
from app.vision.bundle import Card, Label
from app.vision.scores import neighbour_distance, probabilities

Verdict = Literal["match", "unsure", "unknown"]


@dataclass(frozen=True)
class Prediction:
    """One label and its calibrated probability, 0 to 1."""

    label: Label
    probability: float


@dataclass(frozen=True)
class Classification:
    """What one photo was taken for.

    `predictions` holds every label, highest probability first. `labels` are the slugs that the verdict names: the one
    match (several for a multi-label bundle), none for `unsure` and `unknown`.
    """

    verdict: Verdict
    labels: tuple[str, ...]
    predictions: tuple[Prediction, ...]


class Classifier:
    """Turns one photo's logits and embedding into a verdict by the rules of a card.

    Thread safety: nothing is written after construction.
    """

    def __init__(self, card: Card, neighbours: Array | None) -> None:
        self._card = card
        self._match = np.asarray(card.thresholds.match)
        self._neighbours = neighbours

    def classify(self, logits: Array, embedding: Array) -> Classification:
        """The verdict for one photo, of its logits (K,) and its embedding (D,)."""
        values = probabilities(logits[None], self._card)[0]
        order = np.argsort(-values, kind="stable")
        rows = tuple(Prediction(self._card.labels[i], float(values[i])) for i in order)
        verdict, indices = self._verdict(values, embedding)
        return Classification(verdict, tuple(self._card.vocab[i] for i in indices), rows)

    def _verdict(self, values: NDArray[np.float64], embedding: Array) -> tuple[Verdict, list[int]]:
        if self._is_far(embedding):
            return "unknown", []
        other = self._card.vocab.index(self._card.other_label) if self._card.other_label else None
        if self._card.task == "multi_label":
            found = [int(i) for i in np.flatnonzero(values >= self._match) if i != other]
            return ("match", found) if found else ("unknown", [])
        best = int(np.argmax(values))
        if best == other:
            return "unknown", []
        return ("match", [best]) if values[best] >= self._match[best] else ("unsure", [])

    def _is_far(self, embedding: Array) -> bool:
        most = self._card.thresholds.max_distance
        if most is None or self._neighbours is None:
            return False
        return bool(neighbour_distance(embedding[None], self._neighbours, self._card.thresholds.neighbours)[0] > most)
