"""The figures of a card, from the test photos; opened once, at the end of a run."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from app.vision.bundle import Card
from app.vision.verdict import decide, known_labels
from training.outputs import SplitOutputs

_ECE_BINS = 10
_CONFIDENCE_LEVEL = 0.95


def evaluate(card: Card, test: SplitOutputs) -> dict[str, Any]:
    """The metrics of a card, every share with its count and its 95 % interval."""
    probabilities = test.probabilities(card)
    predicted = probabilities.argmax(axis=1)
    uncalibrated = test.probabilities(dataclasses.replace(card, temperature=1.0))
    return {
        "split": "test",
        "n_photos": len(test.rows),
        "n_sources": len({row.group for row in test.rows}),
        "accuracy": share(predicted == test.targets),
        "accuracy_among_known": _accuracy_among_known(card, test, probabilities),
        "per_label": _per_label(card, test.targets, predicted),
        "confusion": {
            "rows": "true label",
            "columns": "predicted label",
            "labels": list(card.vocab),
            "counts": confusion_matrix(test.targets, predicted, labels=range(len(card.labels))).tolist(),
        },
        "calibration": {
            "ece_before": round(expected_calibration_error(uncalibrated, test.targets), 4),
            "ece_after": round(expected_calibration_error(probabilities, test.targets), 4),
        },
        "verdicts": _verdicts(card, test),
    }


def share(hits: NDArray[np.bool_]) -> dict[str, Any] | None:
    """The share of hits with its Wilson interval; None of no trials.

    Source: Wilson 1927, as in scipy.stats.binomtest.
    """
    if not len(hits):
        return None
    interval = binomtest(int(hits.sum()), len(hits)).proportion_ci(_CONFIDENCE_LEVEL, method="wilson")
    return {
        "value": round(float(hits.mean()), 4),
        "low": round(float(interval.low), 4),
        "high": round(float(interval.high), 4),
        "count": int(hits.sum()),
        "of": len(hits),
    }


def _per_label(card: Card, targets: NDArray[np.int64], predicted: NDArray[np.int64]) -> dict[str, Any]:
    return {
        label: {
            "recall": share(predicted[targets == index] == index),
            "precision": share(targets[predicted == index] == index),
        }
        for index, label in enumerate(card.vocab)
    }


def _accuracy_among_known(card: Card, test: SplitOutputs, probabilities: NDArray[np.float64]) -> dict[str, Any] | None:
    """How often the best of the known labels is right, for photos that show one of them."""
    known = [index for index, label in enumerate(card.vocab) if label != card.other_label]
    of_known = np.isin(test.targets, known)
    best = np.array(known)[probabilities[of_known][:, known].argmax(axis=1)]
    return share(best == test.targets[of_known])


def _verdicts(card: Card, test: SplitOutputs) -> dict[str, Any]:
    """What the server would have said of the test photos, of known labels and, folder by folder, of others."""
    verdicts = decide(card, test.logits, test.distances)
    right = verdicts.named[np.arange(len(test.rows)), test.targets]
    match, unknown, known = verdicts.match, verdicts.unknown, known_labels(card)[test.targets]
    strata = np.array([row.stratum for row in test.rows])
    return {
        "match_is_right": share(right[match]),
        "known": {"match": share(match[known]), "unknown": share(unknown[known])},
        "called_a_match": {stratum: share(match[strata == stratum]) for stratum in sorted(set(strata[~known]))},
        "not_called_unknown": {stratum: share(~unknown[strata == stratum]) for stratum in sorted(set(strata[~known]))},
    }


def expected_calibration_error(probabilities: NDArray[np.float64], targets: NDArray[np.int64]) -> float:
    """Mean gap between confidence and accuracy over ten equal bins of confidence, weighed by their photos: 0 to 1.

    Source: Guo et al. 2017, equation 3.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == targets
    bins = np.minimum((confidence * _ECE_BINS).astype(int), _ECE_BINS - 1)
    gaps = [abs(correct[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).sum() for b in set(bins)]
    return float(sum(gaps) / len(targets))
