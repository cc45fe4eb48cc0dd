"""What speaks for a photo being none of the labels: the larger a signal, the stranger the photo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.vision.card import Card
from app.vision.rejection import Rejection
from app.vision.scores import Array, known_labels, probabilities


def strangeness(rejection: Rejection, card: Card, logits: Array, distances: Array | None) -> NDArray[np.float64] | None:
    """The weighted sum (N,) of a rule's signals; None if one of them cannot be had."""
    total = np.zeros(len(logits))
    for name, weight in rejection.weights.items():
        values = signal(name, card, logits, distances)
        if values is None:
            return None
        total += weight * values
    return total


def signal(name: str, card: Card, logits: Array, distances: Array | None) -> NDArray[np.float64] | None:
    """One of `rejection.SIGNALS` for N photos of logits (N, K), (N,); None where it cannot be had.

    other: log-odds of the label for "none of these".
    max_softmax: 1 less the probability of the most probable known label (Hendrycks and Gimpel 2017).
    energy: of the known labels' logits (Liu et al. 2020, Energy-based Out-of-distribution Detection, equation 4).
    distance: to the nearest training photos, as given (Sun et al. 2022).
    """
    if name == "distance":
        return None if distances is None else distances.astype(np.float64)
    known = known_labels(card)
    if name == "max_softmax":
        return np.asarray(1.0 - probabilities(logits, card)[:, known].max(axis=1, initial=0.0))
    scaled = logits.astype(np.float64) / card.temperature
    energy = -np.logaddexp.reduce(scaled[:, known], axis=1)
    if name == "energy":
        return np.asarray(energy)
    return None if known.all() else np.asarray(scaled[:, ~known][:, 0] + energy)
