"""What a trained model makes doubtful: labels it cannot believe, and photos that are unlike all others.

A model has learnt the labels of the photos it was trained on, wrong ones too: of these it can say little. The others
are judged by cleanlab's confident learning; of those it was trained on only what it still takes for another label is
told, and which is which stands in every finding.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.multilabel_classification.filter import find_label_issues as find_multilabel_issues
from cleanlab.outlier import OutOfDistribution
from numpy.typing import NDArray

from app.vision.bundle import MANIFEST, ModelBundle
from app.vision.card import Card
from app.vision.scores import probabilities
from training.check.findings import CheckedPhoto, Finding
from training.check.limits import CheckLimits
from training.check.look import Looked
from training.data import PhotoRow
from training.splitting.grouping import look_alikes
from training.splitting.manifest import read_manifest

_SHOWN_LABELS = 2


def trained_on(photos: Sequence[CheckedPhoto], bundle: ModelBundle, max_distance: int) -> NDArray[np.bool_]:
    """Which photos (N,) the bundle was trained on: those of the card's training sources, those that its manifest names,
    and the near duplicates of both. All of them where the card names no sources: then nothing can be said for them.

    Raises:
        BundleError, DataError: the manifest cannot be read.
    """
    sources = bundle.card.data.get("sources", {}).get("train")
    if sources is None:
        return np.ones(len(photos), dtype=bool)
    rows, trained = [photo.row for photo in photos], _rows_of_training(bundle)
    known, files = set(sources), {row.sha256 for row in trained}
    seen = np.array([row.source in known or row.sha256 in files for row in rows], dtype=bool)
    alike = look_alikes([*rows, *trained], max_distance)
    return np.asarray(np.isin(alike[: len(rows)], [*alike[: len(rows)][seen], *alike[len(rows) :]]))


def _rows_of_training(bundle: ModelBundle) -> list[PhotoRow]:
    if MANIFEST not in bundle.card.files:  # Older bundles have none.
        return []
    several = bundle.card.task == "multi_label"
    rows = read_manifest(bundle.verified_file(MANIFEST), Path(), multi_label=several)
    return [row for row in rows if row.split == "train"]


def check_labels(looked: Looked, seen: NDArray[np.bool_], card: Card) -> list[Finding]:
    """Photos whose label the model cannot believe, the least believed first; those it was not trained on first.

    Args:
        looked: photos all of whose labels the bundle knows.
        seen: (N,), see `trained_on`.
    Source: Northcutt et al. 2021, Confident Learning (cleanlab; the issues that both of its prunings find).
    """
    values, shown = probabilities(looked.logits, card), _shown(looked.photos, card)
    doubted = np.zeros(len(seen), dtype=bool)
    doubted[~seen] = _issues(shown[~seen], values[~seen], card)
    doubted[seen] = _disagrees(shown[seen], values[seen], card)
    belief = (
        np.where(shown, values, 1 - values).min(axis=1) if card.task == "multi_label" else (values * shown).sum(axis=1)
    )
    order = sorted(np.flatnonzero(doubted), key=lambda index: (seen[index], belief[index]))
    return [_doubt(looked.photos[i], shown[i], values[i], card, seen=bool(seen[i])) for i in order]


def _shown(photos: Sequence[CheckedPhoto], card: Card) -> NDArray[np.bool_]:
    """Which labels each photo is said to show, (N, K)."""
    return np.array([[label in photo.labels for label in card.vocab] for photo in photos], dtype=bool).reshape(
        len(photos), len(card.vocab)
    )


def _issues(shown: NDArray[np.bool_], values: NDArray[np.float64], card: Card) -> NDArray[np.bool_]:
    """cleanlab's verdict on each of N photos, (N,)."""
    if not len(shown):
        return np.zeros(0, dtype=bool)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of labels with hardly a photo; those are findings of their own.
        if card.task == "multi_label":
            labels = [np.flatnonzero(row).tolist() for row in shown]
            return np.asarray(find_multilabel_issues(labels, values, filter_by="both", n_jobs=1), dtype=bool)
        return np.asarray(find_label_issues(shown.argmax(axis=1), values, filter_by="both", n_jobs=1), dtype=bool)


def _disagrees(shown: NDArray[np.bool_], values: NDArray[np.float64], card: Card) -> NDArray[np.bool_]:
    if card.task == "multi_label":
        return np.asarray(((values > 0.5) != shown).any(axis=1))
    return np.asarray(values.argmax(axis=1) != shown.argmax(axis=1)) if len(shown) else np.zeros(0, dtype=bool)


def _doubt(
    photo: CheckedPhoto, shown: NDArray[np.bool_], values: NDArray[np.float64], card: Card, *, seen: bool
) -> Finding:
    def words(indices: Sequence[int]) -> str:
        return ", ".join(f"{card.vocab[index]} ({100 * values[index]:.0f} %)" for index in indices) or "nothing"

    most = [int(index) for index in np.argsort(-values)]
    said = [i for i in most if values[i] > 0.5] if card.task == "multi_label" else most[:1]
    given = [i for i in most if shown[i]]
    known = "Trained on with this label, and still doubted" if seen else "Not trained on"
    reason = f"Labelled {words(given)}, looks like {words(said)}. {known}."
    return Finding("wrong_label", reason, (photo.path,), (photo.path,))


def check_outliers(looked: Looked, limits: CheckLimits) -> list[Finding]:
    """Photos far from their nearest neighbours among all that were looked at, the farthest first.

    Far: the mean distance is `outlier_fence` interquartile ranges over the upper quartile of all photos' distances
    (Tukey's fence). Nothing is said of fewer photos than there are neighbours, and one.
    Source: Kuan and Mueller 2022, Back to the Basics (cleanlab's OutOfDistribution, distance to k neighbours).
    """
    if len(looked.photos) <= limits.neighbours:
        return []
    scorer = OutOfDistribution({"k": limits.neighbours})
    scores = scorer.fit_score(features=looked.embeddings, verbose=False)
    distances = -np.log(np.maximum(scores, np.finfo(np.float64).tiny))  # In medians of all distances.
    low, high = np.percentile(distances, [25, 75])
    far = np.flatnonzero(distances > high + limits.outlier_fence * (high - low))
    return [_outlier(looked.photos[i], distances[i]) for i in sorted(far, key=lambda index: -distances[index])]


def _outlier(photo: CheckedPhoto, distance: float) -> Finding:
    labels = "+".join(photo.labels) or "nothing"
    reason = f"Labelled {labels}; {distance:.1f} times as far from its nearest neighbours as the median photo."
    return Finding("outlier", reason, (photo.path,), (photo.path,))
