"""Ways to tell photos of none of the labels: how well each does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.vision.card import Card
from app.vision.rejection import Rejection
from app.vision.signals import strangeness
from training.evaluation.intervals import draw_photos, estimate, share
from training.outputs import SplitOutputs

KEPT_SHARE = 0.95  # The share of known photos at which false positives are counted; usual in the literature.
_NEIGHBOURS = (1, 5, 20)
_CURVE = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0)


@dataclass(frozen=True)
class Method:
    """One way to reject: the weights of its signals, and how many neighbours its distance is the mean over."""

    name: str
    weights: Mapping[str, float]
    neighbours: int = 1

    def strangeness(self, card: Card, outputs: SplitOutputs) -> NDArray[np.float64]:
        """How strange each photo is, (N,), to a card that has a label for "none of these"."""
        rule = Rejection(self.name, self.weights, 0.0)
        values = strangeness(rule, card, outputs.logits, outputs.distances(self.neighbours))
        assert values is not None
        return values

    def to_json(self) -> dict[str, Any]:
        """The method as a card holds it."""
        return {"weights": dict(self.weights), "neighbours": self.neighbours}

    @classmethod
    def from_json(cls, name: str, data: Mapping[str, Any]) -> Method:
        """The method of a card."""
        return cls(name, data["weights"], data["neighbours"])


def plain_methods(neighbours: int) -> list[Method]:
    """The ways that need no fitting, the simplest first."""
    return [
        *(Method(name, {name: 1.0}) for name in ("other", "max_softmax", "energy")),
        *(Method(f"distance_{k}", {"distance": 1.0}, k) for k in sorted({*_NEIGHBOURS, neighbours})),
    ]


def has_others(card: Card, outputs: SplitOutputs) -> bool:
    """Whether there are photos of known labels and of none of them, to tell apart by a rule.

    With several labels a photo there is no such rule: a photo is unknown if none of them is sure enough.
    """
    known = outputs.shows_known(card)
    return card.task == "single_label" and card.other_label is not None and 0 < known.sum() < len(known)


def rejection_on(card: Card, outputs: SplitOutputs) -> dict[str, Any]:
    """The block of figures: what the card has of the validation photos, and every method on these photos.

    Nothing where there are no others to tell.
    """
    if not has_others(card, outputs):
        return {}
    record = dict(card.metrics.get("rejection", {}))
    chosen = record.get("validation", {"kept": "other", "methods": {}})
    methods = [Method.from_json(name, row) for name, row in chosen["methods"].items()]
    scored = {m.name: m.strangeness(card, outputs) for m in methods or plain_methods(card.thresholds.neighbours)}
    record["test"] = {
        "methods": {name: rejection_figures(card, outputs, values) for name, values in scored.items()},
        "curve": accepted_curve(card, outputs, scored[chosen["kept"]]),
    }
    return {"rejection": record}


def strata_of_others(card: Card, outputs: SplitOutputs) -> dict[str, NDArray[np.bool_]]:
    """Which photos of no known label are in which folder, near and far apart."""
    strata, others = np.array([row.stratum for row in outputs.rows]), ~outputs.shows_known(card)
    return {str(stratum): others & (strata == stratum) for stratum in sorted(set(strata[others]))}


def mean_auroc(card: Card, outputs: SplitOutputs, values: NDArray[np.float64]) -> float:
    """The mean over the folders of others, so that a folder of many photos counts no more than one of few."""
    known = outputs.shows_known(card)
    return float(np.mean([auroc(values[known], values[mask]) for mask in strata_of_others(card, outputs).values()]))


def rejection_figures(card: Card, outputs: SplitOutputs, values: NDArray[np.float64]) -> dict[str, Any]:
    """How well a strangeness (N,) tells known photos from those of each folder of others, and from all of them."""
    known, masks = outputs.shows_known(card), strata_of_others(card, outputs)
    draws = draw_photos(len(outputs.rows))
    rows: dict[str, Any] = {}
    for name, mask in masks.items():
        groups = {row.group for row, inside in zip(outputs.rows, mask, strict=True) if inside}
        rows[name] = {"n_photos": int(mask.sum()), "n_sources": len(groups)}
        rows[name] |= _figures(values, known, mask, draws)
    everyone = np.any(list(masks.values()), axis=0)
    return {
        "mean_auroc": round(mean_auroc(card, outputs, values), 4),
        **_figures(values, known, everyone, draws),
        "strata": rows,
    }


def _figures(
    values: NDArray[np.float64], known: NDArray[np.bool_], others: NDArray[np.bool_], draws: NDArray[np.float32]
) -> dict[str, Any]:
    limit = limit_keeping(values[known], KEPT_SHARE)
    return {
        "auroc": estimate(
            auroc(values[known], values[others]),
            _drawn_auroc(values[known], values[others], draws[:, known], draws[:, others]),
        ),
        "accepted_at_95": share(values[others] <= limit),
    }


def accepted_curve(card: Card, outputs: SplitOutputs, values: NDArray[np.float64]) -> dict[str, Any]:
    """The share of each folder's photos that is accepted where these shares of known photos are."""
    known = outputs.shows_known(card)
    limits = [limit_keeping(values[known], kept) for kept in _CURVE]
    accepted = {
        name: [round(float((values[mask] <= limit).mean()), 4) for limit in limits]
        for name, mask in strata_of_others(card, outputs).items()
    }
    return {"known": list(_CURVE), "others": accepted}


def limit_keeping(known: NDArray[np.floating[Any]], kept: float) -> float:
    """The least strangeness at or below which at least the share `kept` of the known photos lies."""
    return float(np.quantile(known, kept, method="inverted_cdf"))


def auroc(known: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """The chance that one of the others is stranger than one of the known; a tie is half of one.

    Source: Hanley and McNeil 1982, The meaning and use of the area under a ROC curve.
    """
    return float(_stranger(known, others).mean())


def _stranger(known: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float32]:
    above, equal = others > known[:, None], others == known[:, None]
    return np.asarray(above + 0.5 * equal, dtype=np.float32)


def _drawn_auroc(
    known: NDArray[np.float64],
    others: NDArray[np.float64],
    draws_of_known: NDArray[np.float32],
    draws_of_others: NDArray[np.float32],
) -> NDArray[np.float64]:
    """The AUROC of each draw, (n_draws,); NaN where a draw lacks one of the two."""
    wins = (draws_of_known @ _stranger(known, others) * draws_of_others).sum(axis=1, dtype=np.float64)
    pairs = draws_of_known.sum(axis=1, dtype=np.float64) * draws_of_others.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(wins / pairs)
