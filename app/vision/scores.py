"""From what the network gives to numbers a verdict rests on; the same in evaluation and in serving."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.vision.card import Card

Array = NDArray[np.float32]


def known_labels(card: Card) -> NDArray[np.bool_]:
    """Which labels (K,) a verdict may name: all but "none of these"."""
    return np.array([label != card.other_label for label in card.vocab])


def probabilities(logits: Array, card: Card) -> NDArray[np.float64]:
    """Calibrated probabilities (N, K) of logits (N, K).

    A softmax over the labels, or a sigmoid for each of several, after division by the card's temperature.
    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, section 4.2 (temperature scaling).
    """
    scaled = logits.astype(np.float64) / card.temperature
    if card.task == "multi_label":
        return np.asarray(np.exp(-np.logaddexp(0.0, -scaled)))  # 1 / (1 + exp(-x)), which would overflow.
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def neighbour_distance(embeddings: Array, neighbours: Array, k: int) -> NDArray[np.float32]:
    """Mean cosine distance (N,), 0..2, from embeddings (N, D) to their k nearest of `neighbours`, unit vectors (n, D).

    Source: Sun et al. 2022, Out-of-Distribution Detection with Deep Nearest Neighbors.
    """
    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    similarity = unit @ neighbours.T
    k = min(k, neighbours.shape[0])
    nearest = np.partition(similarity, similarity.shape[1] - k, axis=1)[:, -k:]
    return np.asarray(1.0 - nearest.mean(axis=1), dtype=np.float32)
