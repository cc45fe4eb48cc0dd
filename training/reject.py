"""The rule for "none of these", chosen among several on the validation photos."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from app.vision.card import Card, Thresholds
from app.vision.rejection import Rejection
from training.config import TrainConfig
from training.evaluation.rejection import (
    Method,
    has_others,
    limit_keeping,
    mean_auroc,
    plain_methods,
    rejection_figures,
    strata_of_others,
)
from training.outputs import SplitOutputs

COMBINED = "other_and_distance"

_TOLERANCE = 0.005
_FOLDS = 5
_CRITERION = (
    "highest AUROC on the validation photos, the mean over the folders of photos of no known label; of those within "
    f"{_TOLERANCE} of the highest, the simplest"
)


def compare_rejections(card: Card, valid: SplitOutputs, config: TrainConfig) -> dict[str, Any] | None:
    """How the methods do on the validation photos, and which is kept; None where there are no others to tell."""
    if not has_others(card, valid):
        return None
    scored = [(method, method.strangeness(card, valid)) for method in plain_methods(config.neighbours)]
    nearest = max(
        (pair for pair in scored if "distance" in pair[0].weights), key=lambda p: mean_auroc(card, valid, p[1])
    )
    scored += _combine(card, valid, nearest[0].neighbours)
    aurocs = {method.name: mean_auroc(card, valid, values) for method, values in scored}
    kept = _simplest_of_the_best(aurocs)
    return {
        "kept": kept,
        "criterion": _CRITERION,
        "why": _why(kept, aurocs),
        "methods": {m.name: m.to_json() | rejection_figures(card, valid, values) for m, values in scored},
    }


def rejecting_thresholds(card: Card, valid: SplitOutputs, method: Method, known_share: float) -> Thresholds:
    """The card's thresholds with the rule that a method gives: `known_share` of the known photos are not strange."""
    known = method.strangeness(card, valid)[valid.shows_known(card)]
    rule = Rejection(method.name, method.weights, limit_keeping(known, known_share))
    return dataclasses.replace(card.thresholds, max_distance=None, neighbours=method.neighbours, rejection=rule)


def _simplest_of_the_best(aurocs: dict[str, float]) -> str:
    return next(name for name, value in aurocs.items() if value >= max(aurocs.values()) - _TOLERANCE)


def _why(kept: str, aurocs: dict[str, float]) -> str:
    others = sorted((name for name in aurocs if name != kept), key=lambda name: -aurocs[name])
    rest = ", ".join(f"{name} {aurocs[name]:.3f}" for name in others)
    return f"{kept} has a mean AUROC of {aurocs[kept]:.3f} on the validation photos; {rest}"


def _combine(card: Card, valid: SplitOutputs, neighbours: int) -> list[tuple[Method, NDArray[np.float64]]]:
    """The sum of both signals, weighed by a logistic regression; nothing if there are too few sources to judge it.

    A photo's strangeness comes from a regression on the photos of other sources, or the comparison would flatter it.
    """
    parts = [Method(name, {name: 1.0}, neighbours) for name in ("other", "distance")]
    signals = np.stack([part.strangeness(card, valid) for part in parts], axis=1)
    strange, weights = ~valid.shows_known(card), _photo_weights(card, valid)
    values = np.zeros(len(signals))
    for train, held_out in _folds(valid, strange):
        model = _regression(signals[train], strange[train], weights[train])
        values[held_out] = model.decision_function(signals[held_out])
    if not values.any():
        return []
    model = _regression(signals, strange, weights)
    scaler, regression = model[0], model[1]
    per_unit = regression.coef_[0] / scaler.scale_
    return [(Method(COMBINED, dict(zip(("other", "distance"), map(float, per_unit), strict=True)), neighbours), values)]


def _regression(signals: NDArray[np.float64], strange: NDArray[np.bool_], weights: NDArray[np.float64]) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(
        signals, strange, logisticregression__sample_weight=weights * len(weights)
    )


def _photo_weights(card: Card, valid: SplitOutputs) -> NDArray[np.float64]:
    """Known photos and others count the same, and so does each folder of others; the sum is 1."""
    known = valid.shows_known(card)
    weights = known / (2 * known.sum())
    masks = strata_of_others(card, valid).values()
    return np.asarray(weights + sum(mask / (2 * len(masks) * mask.sum()) for mask in masks))


def _folds(valid: SplitOutputs, strange: NDArray[np.bool_]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Folds of whole sources, with both kinds of photos to learn from in each; none if the sources are too few."""
    groups = np.array([row.group for row in valid.rows])
    n_folds = min(_FOLDS, len(set(groups[strange])), len(set(groups[~strange])))
    if n_folds < 2:
        return []
    folds = list(GroupKFold(n_folds).split(groups, strange, groups))
    return folds if all(0 < strange[train].sum() < len(train) for train, _ in folds) else []
