"""Temperature and thresholds, chosen on the validation photos."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from app.vision.bundle import Card, Thresholds
from training.config import TrainConfig
from training.outputs import SplitOutputs

_HOTTEST = 10.0


def calibrate(card: Card, valid: SplitOutputs, config: TrainConfig) -> Card:
    """The card with its temperature and thresholds; `valid` are the network's outputs for the validation photos."""
    card = dataclasses.replace(card, temperature=fit_temperature(valid.logits, valid.targets))
    known = valid.targets != _other_index(card)
    max_distance = float(np.quantile(valid.distances[known], config.known_share))
    probabilities = valid.probabilities(card)
    tops = probabilities.argmax(axis=1)
    named = (tops != _other_index(card)) & (valid.distances <= max_distance)
    threshold = match_threshold(
        probabilities.max(axis=1)[named], (tops == valid.targets)[named], config.target_precision
    )
    thresholds = Thresholds((threshold,) * len(card.labels), max_distance, config.neighbours)
    return dataclasses.replace(card, thresholds=thresholds)


def _other_index(card: Card) -> int:
    """Index of the label "none of these"; -1, which no photo has, if there is none."""
    return card.vocab.index(card.other_label) if card.other_label else -1


def fit_temperature(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    """The temperature that makes the targets (N,) most likely under softmax(logits / T), logits (N, K).

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, section 4.2.
    """
    wide = logits.astype(np.float64)

    def loss(log_temperature: float) -> float:
        scaled = wide / np.exp(log_temperature)
        peak = scaled.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scaled - peak).sum(axis=1)) + peak[:, 0]
        return float((log_sum - scaled[np.arange(len(targets)), targets]).mean())

    bound = np.log(_HOTTEST)
    return float(np.exp(minimize_scalar(loss, bounds=(-bound, bound), method="bounded").x))


def match_threshold(confidences: NDArray[np.float64], correct: NDArray[np.bool_], precision: float) -> float:
    """The least confidence at or above which at least `precision` of the predictions are correct.

    Where no confidence gives that precision, the one that comes nearest to it.
    """
    if not len(confidences):
        return 1.0
    order = np.argsort(-confidences, kind="stable")
    ranked = confidences[order]
    precisions = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    ends_a_tie = np.append(ranked[1:] < ranked[:-1], True)
    good = np.flatnonzero(ends_a_tie & (precisions >= precision))
    chosen = good[-1] if len(good) else np.flatnonzero(ends_a_tie)[precisions[ends_a_tie].argmax()]
    return float(ranked[chosen])
