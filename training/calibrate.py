"""Temperature and thresholds, chosen on the validation photos."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from app.vision.card import Card, Thresholds
from training.config import TrainConfig
from training.evaluation.intervals import draw_groups
from training.evaluation.rejection import Method, limit_keeping
from training.outputs import SplitOutputs
from training.reject import compare_rejections, rejecting_thresholds

_HOTTEST = 10.0


def calibrate(card: Card, valid: SplitOutputs, config: TrainConfig) -> Card:
    """The card with its temperature and thresholds; `valid` are the network's outputs for the validation photos.

    Its metrics say how the ways to reject photos of no label compare, if there are such photos to compare them on.
    """
    card = dataclasses.replace(card, temperature=fit_temperature(valid.logits, valid.targets))
    card = _with_rejection(card, valid, config)
    open_to_all = dataclasses.replace(card.thresholds, match=(0.0,) * len(card.labels))
    match = match_thresholds(dataclasses.replace(card, thresholds=open_to_all), valid, config)
    return dataclasses.replace(card, thresholds=dataclasses.replace(open_to_all, match=match))


def _with_rejection(card: Card, valid: SplitOutputs, config: TrainConfig) -> Card:
    """The card with the best rule for "none of these"; by distance alone where there is nothing to compare."""
    compared = compare_rejections(card, valid, config)
    if compared is None:
        distances = valid.distances(config.neighbours)[valid.shows_known(card)]
        limit = limit_keeping(distances, config.known_share)
        return dataclasses.replace(card, thresholds=Thresholds(card.thresholds.match, limit, config.neighbours))
    kept = Method.from_json(compared["kept"], compared["methods"][compared["kept"]])
    thresholds = rejecting_thresholds(card, valid, kept, config.known_share)
    return dataclasses.replace(card, thresholds=thresholds, metrics={"rejection": {"validation": compared}})


def match_thresholds(card: Card, valid: SplitOutputs, config: TrainConfig) -> tuple[float, ...]:
    """Each label's least probability, given a card whose thresholds let every probability pass.

    One for all labels together, since there are too few photos for one each; of several labels on a photo each has its
    own, since each is a decision of its own.
    """
    draws = draw_groups([row.group for row in valid.rows])
    values = valid.probabilities(card)

    def least(told: NDArray[np.bool_]) -> float:
        """The threshold of the predictions (N, K) that are told, at most one a photo."""
        photos = told.any(axis=1)
        return match_threshold(
            values[told], valid.shown[told], config.target_precision, draws[:, photos], config.sureness
        )

    named = valid.verdicts(card).named
    if card.task == "single_label":
        return (least(named),) * len(card.labels)
    return tuple(least(named & only) for only in np.eye(len(card.labels), dtype=np.bool_))


def fit_temperature(logits: NDArray[np.float32], targets: NDArray[np.int64] | NDArray[np.float32]) -> float:
    """The temperature that makes the targets most likely.

    Args:
        logits: (N, K).
        targets: class indices (N,), under softmax(logits / T); or 0 and 1 (N, K), each under sigmoid(logits / T).
    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, section 4.2.
    """
    wide = logits.astype(np.float64)
    loss_at = _cross_entropy if targets.ndim == 1 else _binary_cross_entropy

    def loss(log_temperature: float) -> float:
        return loss_at(wide / np.exp(log_temperature), targets)

    bound = np.log(_HOTTEST)
    return float(np.exp(minimize_scalar(loss, bounds=(-bound, bound), method="bounded").x))


def _cross_entropy(scaled: NDArray[np.float64], targets: NDArray[Any]) -> float:
    peak = scaled.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(scaled - peak).sum(axis=1)) + peak[:, 0]
    return float((log_sum - scaled[np.arange(len(targets)), targets]).mean())


def _binary_cross_entropy(scaled: NDArray[np.float64], targets: NDArray[Any]) -> float:
    return float((np.logaddexp(0.0, scaled) - scaled * targets).mean())


def match_threshold(
    confidences: NDArray[np.float64],
    correct: NDArray[np.bool_],
    precision: float,
    draws: NDArray[np.floating[Any]] | None = None,
    sureness: float = 0.5,
) -> float:
    """The least confidence at or above which at least `precision` of the predictions are correct.

    Photos of other sources are not those it is chosen on. So it must hold in the share `sureness` of the draws
    (n_draws, N), which say how often each prediction is in each: `intervals.draw_groups`; without draws, in the
    predictions as they are. Where no confidence gives that precision, the one that comes nearest to it.
    """
    if not len(confidences):
        return 1.0
    order = np.argsort(-confidences, kind="stable")
    ranked = confidences[order]
    weights = np.ones((1, len(order))) if draws is None else draws[:, order]
    counts = np.cumsum(weights, axis=1)
    shares = np.cumsum(weights * correct[order], axis=1) / np.where(counts > 0, counts, np.nan)
    precisions = np.nanquantile(shares, 1 - sureness, axis=0)
    ends_a_tie = np.append(ranked[1:] < ranked[:-1], True)
    good = np.flatnonzero(ends_a_tie & (precisions >= precision))
    chosen = good[-1] if len(good) else np.flatnonzero(ends_a_tie)[precisions[ends_a_tie].argmax()]
    return float(ranked[chosen])
