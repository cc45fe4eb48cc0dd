"""Whether a probability means what it says: the calibration error and the bins of the reliability diagram."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.vision.card import Card
from training.evaluation.intervals import draw_photos, estimate
from training.outputs import SplitOutputs

_BINS = 10
_CHANCES = 1000
_SEED = 0


def calibration_figures(card: Card, outputs: SplitOutputs) -> dict[str, Any]:
    """The calibration error before and after the card's temperature, with the bins it is made of.

    With them what it would be by chance alone, since even of a perfect network it is above 0 on a few photos.
    """
    draws = draw_photos(len(outputs.rows))
    figures: dict[str, Any] = {}
    for when, temperature in (("before", 1.0), ("after", card.temperature)):
        confidence, correct = confidences(dataclasses.replace(card, temperature=temperature), outputs)
        figures[f"ece_{when}"] = _ece(confidence, correct, draws)
        figures[f"bins_{when}"] = reliability_bins(confidence.ravel(), correct.ravel())
    figures["ece_by_chance"] = error_by_chance(confidence)
    return figures


def confidences(card: Card, outputs: SplitOutputs) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What is believed and whether it is so, both (N, M): of the most probable label (M = 1), or of each of several."""
    values, shown = outputs.probabilities(card), outputs.shown
    if card.task == "multi_label":
        return values, shown
    best = values.argmax(axis=1)[:, None]
    return np.take_along_axis(values, best, axis=1), np.take_along_axis(shown, best, axis=1)


def expected_calibration_error(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """Mean gap between confidence and accuracy, both (N, M), over ten equal bins of confidence, weighed by their size.

    Source: Guo et al. 2017, equation 3.
    """
    return float(np.abs(_gaps(confidence, correct).sum(axis=0)).sum() / correct.size)


def error_by_chance(confidence: NDArray[np.float64]) -> dict[str, float] | None:
    """The calibration error of a network that is as often right as it believes, on as many photos; None of none.

    The mean over draws of what is right, each by its confidence (N, M), and the 95 % of them around it.
    """
    if not confidence.size:
        return None
    rng = np.random.default_rng(_SEED)
    drawn = [expected_calibration_error(confidence, rng.random(confidence.shape) < confidence) for _ in range(_CHANCES)]
    return estimate(float(np.mean(drawn)), np.array(drawn))


def reliability_bins(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Each filled bin of confidence: where it lies, its mean confidence, its share of correct ones, its count."""
    bins = _bin_of(confidence)
    return [
        {
            "low": round(b / _BINS, 4),
            "high": round((b + 1) / _BINS, 4),
            "confidence": round(float(confidence[bins == b].mean()), 4),
            "accuracy": round(float(correct[bins == b].mean()), 4),
            "count": int((bins == b).sum()),
        }
        for b in np.unique(bins)
    ]


def _ece(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_], draws: NDArray[np.float32]
) -> dict[str, float] | None:
    """The calibration error with its interval; None of no photos."""
    if not correct.size:
        return None
    drawn = np.abs(draws @ _gaps(confidence, correct)).sum(axis=1)
    sizes = draws.sum(axis=1) * correct.shape[1]
    return estimate(expected_calibration_error(confidence, correct), drawn / sizes)


def _gaps(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What each photo adds to the gap of each bin, (N, bins)."""
    gaps = np.zeros((len(correct), _BINS))
    np.add.at(gaps, (np.arange(len(correct))[:, None], _bin_of(confidence)), correct - confidence)
    return gaps


def _bin_of(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
