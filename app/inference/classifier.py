"""Logits -> calibrated probabilities -> a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.inference.runtime import Array
from app.vision.card import Card, Label
from app.vision.scores import neighbour_distance, probabilities
from app.vision.verdict import Verdict, decide, strangeness_and_limit


@dataclass(frozen=True)
class Prediction:
    """One label and its calibrated probability, 0 to 1."""

    label: Label
    probability: float


@dataclass(frozen=True)
class Classification:
    """What one photo was taken for.

    `predictions` holds every label, highest probability first. `labels` are the slugs that the verdict names: the one
    match (several for a multi-label bundle), none for `unsure` and `unknown`. `strangeness` is how little the photo is
    like those that the model knows, and the limit above which it is unknown; None where the card has no such rule.
    """

    verdict: Verdict
    labels: tuple[str, ...]
    predictions: tuple[Prediction, ...]
    strangeness: tuple[float, float] | None = None


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
        distance = self._distance(embedding)
        verdicts = decide(self._card, logits[None], distance)
        named = tuple(self._card.vocab[i] for i in np.flatnonzero(verdicts.named[0]))
        strange = strangeness_and_limit(self._card, logits[None], distance)
        return Classification(verdicts.of(0), named, rows, strange and (float(strange[0][0]), strange[1]))

    def _distance(self, embedding: Array) -> Array | None:
        """How far the photo is from its nearest neighbours, (1,); None if no rule asks for it."""
        if self._neighbours is None or not self._card.thresholds.use_distance:
            return None
        return neighbour_distance(embedding[None], self._neighbours, self._card.thresholds.neighbours)
