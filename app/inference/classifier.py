"""Logits -> calibrated probabilities -> a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.inference.runtime import Array
from app.vision.card import Card, Label
from app.vision.scores import neighbour_distance, probabilities
from app.vision.verdict import Verdict, decide


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
        self._neighbours = neighbours

    def classify(self, logits: Array, embedding: Array) -> Classification:
        """The verdict for one photo, of its logits (K,) and its embedding (D,)."""
        values = probabilities(logits[None], self._card)[0]
        order = np.argsort(-values, kind="stable")
        rows = tuple(Prediction(self._card.labels[i], float(values[i])) for i in order)
        verdicts = decide(self._card, logits[None], self._distance(embedding))
        named = tuple(self._card.vocab[i] for i in np.flatnonzero(verdicts.named[0]))
        return Classification(verdicts.of(0), named, rows)

    def _distance(self, embedding: Array) -> Array | None:
        """How far the photo is from its nearest neighbours, (1,); None if no rule asks for it."""
        if self._neighbours is None or not self._card.thresholds.use_distance:
            return None
        return neighbour_distance(embedding[None], self._neighbours, self._card.thresholds.neighbours)
