"""How well each label is told: recall, precision, F1, average precision, the confusion of one with another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from app.vision.card import Card
from app.vision.scores import known_labels
from training.evaluation.intervals import draw_photos, estimate, share
from training.outputs import SplitOutputs

_MOST_K = 5


def said_labels(card: Card, outputs: SplitOutputs) -> NDArray[np.bool_]:
    """What a photo is taken for before any verdict, (N, K): the most probable label, or all above their thresholds."""
    values = outputs.probabilities(card)
    if card.task == "multi_label":
        return np.asarray(values >= np.asarray(card.thresholds.match))
    return np.asarray(np.eye(values.shape[1], dtype=np.bool_)[values.argmax(axis=1)])


def label_figures(card: Card, outputs: SplitOutputs) -> dict[str, Any]:
    """The block of figures over all labels; in a single-label card `accuracy` is plain, else of all labels at once."""
    said, shown = said_labels(card, outputs), outputs.shown
    figures: dict[str, Any] = {
        "accuracy": accuracy(card, outputs),
        "accuracy_among_known": accuracy_among_known(card, outputs),
        "top_k": _top_k(card, outputs),
        "per_label": _per_label(card, outputs, said),
    }
    if card.task == "multi_label":
        precisions = [row["average_precision"] for row in figures["per_label"].values()]
        there = [value for value in precisions if value is not None]
        return figures | {"mean_average_precision": round(float(np.mean(there)), 4) if there else None}
    counts = shown.T.astype(int) @ said
    heads = {"rows": "true label", "columns": "predicted label", "labels": list(card.vocab)}
    return figures | {"confusion": heads | {"counts": counts.tolist()}}


def accuracy(card: Card, outputs: SplitOutputs) -> dict[str, Any] | None:
    """How often all that is said is shown and the other way round."""
    return share(np.asarray((said_labels(card, outputs) == outputs.shown).all(axis=1)))


def accuracy_among_known(card: Card, outputs: SplitOutputs) -> dict[str, Any] | None:
    """How often the best of the known labels is right, for photos that show one of them."""
    known = np.flatnonzero(known_labels(card))
    shown = outputs.shown[:, known]
    best = outputs.probabilities(card)[:, known].argmax(axis=1)
    right = shown[np.arange(len(shown)), best]
    return share(np.asarray(right[shown.any(axis=1)]))


def _top_k(card: Card, outputs: SplitOutputs) -> dict[str, Any]:
    """How often a shown label is among the k most probable, for every k below the number of labels, at most 5."""
    order = np.argsort(-outputs.probabilities(card), axis=1, kind="stable")
    ranked = np.take_along_axis(outputs.shown, order, axis=1)[outputs.shown.any(axis=1)]
    return {str(k): share(np.asarray(ranked[:, :k].any(axis=1))) for k in range(1, min(_MOST_K + 1, len(card.labels)))}


def _per_label(card: Card, outputs: SplitOutputs, said: NDArray[np.bool_]) -> dict[str, Any]:
    shown, values, draws = outputs.shown, outputs.probabilities(card), draw_photos(len(outputs.rows))
    result = {}
    for index, label in enumerate(card.vocab):
        row: dict[str, Any] = {
            "recall": share(said[shown[:, index], index]),
            "precision": share(shown[said[:, index], index]),
            "f1": _f1(said[:, index], shown[:, index], draws),
        }
        if card.task == "multi_label":
            row["average_precision"] = average_precision(shown[:, index], values[:, index])
        result[label] = row
    return result


def _f1(said: NDArray[np.bool_], shown: NDArray[np.bool_], draws: NDArray[np.float32]) -> dict[str, float] | None:
    """2 x both / (said + shown), of the photos and of each draw of them."""
    both, either = (said & shown).astype(float), said.astype(float) + shown
    with np.errstate(invalid="ignore"):
        return estimate(2 * both.sum() / np.float64(either.sum()), 2 * (draws @ both) / (draws @ either))


def average_precision(shown: NDArray[np.bool_], values: NDArray[np.float64]) -> float | None:
    """Area under precision over recall, without interpolation; None if no photo shows the label."""
    return round(float(average_precision_score(shown, values)), 4) if shown.any() else None
