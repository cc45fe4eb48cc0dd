"""THE rule of the three verdicts: what the server says of a photo is what evaluation measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.vision.card import Card
from app.vision.scores import Array, known_labels, probabilities
from app.vision.signals import strangeness

Verdict = Literal["match", "unsure", "unknown"]


@dataclass(frozen=True)
class Verdicts:
    """What is said of N photos: `named` (N, K) are the labels that a match names, `unknown` (N,) those that show none.

    A photo that is neither named nor unknown is unsure.
    """

    named: NDArray[np.bool_]
    unknown: NDArray[np.bool_]

    @property
    def match(self) -> NDArray[np.bool_]:
        """Which of the photos are a match, (N,)."""
        return np.asarray(self.named.any(axis=1))

    def of(self, index: int) -> Verdict:
        """The verdict of one photo."""
        if self.unknown[index]:
            return "unknown"
        return "match" if self.named[index].any() else "unsure"


def decide(card: Card, logits: Array, distances: Array | None) -> Verdicts:
    """The verdicts for N photos.

    Args:
        logits: (N, K), as the network gives them.
        distances: (N,), `scores.neighbour_distance` to as many neighbours as the card's thresholds say; None where the
            bundle has no neighbours: then no photo is far.
    """
    values = probabilities(logits, card)
    eligible = known_labels(card) & (_best_label(values) if card.task == "single_label" else True)
    named = eligible & (values >= np.asarray(card.thresholds.match))
    shows_none = ~(eligible if card.task == "single_label" else named).any(axis=1)
    unknown = shows_none | _is_strange(card, logits, distances)
    return Verdicts(named & ~unknown[:, None], unknown)


def _best_label(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where each row of values (N, K) is the highest; the first of several."""
    return np.asarray(np.eye(values.shape[1], dtype=np.bool_)[values.argmax(axis=1)])


def strangeness_and_limit(
    card: Card, logits: Array, distances: Array | None
) -> tuple[NDArray[np.float64], float] | None:
    """How strange N photos are to the model, (N,), and above which limit they are none that it knows.

    None if the card has no such rule, or what it asks for cannot be had: then no photo is strange.
    """
    limits = card.thresholds
    if limits.rejection is not None:
        found = strangeness(limits.rejection, card, logits, distances)
        return None if found is None else (found, limits.rejection.limit)
    if limits.max_distance is None or distances is None:
        return None
    return distances.astype(np.float64), limits.max_distance


def _is_strange(card: Card, logits: Array, distances: Array | None) -> NDArray[np.bool_]:
    """Which photos are none that the model knows, (N,) or for all the same (1,)."""
    found = strangeness_and_limit(card, logits, distances)
    return np.zeros(1, dtype=np.bool_) if found is None else np.asarray(found[0] > found[1])
