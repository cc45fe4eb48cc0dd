"""How much a photo would teach: what is said of it, against what the model says."""

from __future__ import annotations

from collections.abc import Mapping

from app.vision.card import Task


def normalised_margin(probabilities: Mapping[str, float], labels: tuple[str, ...] | None, task: Task) -> float:
    """By how much the model agrees with what is said, -1 to 1; the lower, the more the photo would teach.

    The probability of the label that is said, minus the highest of the others. A confident model that is contradicted
    gives -1, one that hesitates about 0, one that is confirmed 1: so sorting by it puts disagreement with a confident
    verdict first, and low margins next. Of a photo with several labels it is the lowest of its labels' margins, each
    label against its absence. Where nobody says which label it is, it is 0 less what the model was sure of.

    Args:
        probabilities: calibrated, of every label.
        labels: what is said to be shown; empty: none of them; None: nobody says, only that the model is wrong.
    Source: C. Northcutt, L. Jiang, I. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70
    (2021), "normalized margin", which for a label that the model agrees with is the margin of margin sampling
    (T. Scheffer et al., "Active Hidden Markov Models for Information Extraction", IDA 2001).
    """
    if task == "multi_label" and labels is not None:
        return min(2 * value - 1 if label in labels else 1 - 2 * value for label, value in probabilities.items())
    said = probabilities[labels[0]] if labels else 0.0
    others = (value for label, value in probabilities.items() if not labels or label != labels[0])
    return said - max(others, default=0.0)
