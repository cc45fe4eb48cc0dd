"""The rule of the verdicts, for many photos at once, against the rule written out photo by photo."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax

from app.vision.card import Card, Thresholds
from app.vision.rejection import Rejection
from app.vision.scores import known_labels
from app.vision.verdict import decide


def said_slowly(card: Card, logits: np.ndarray, distance: float | None) -> tuple[str, list[int]]:
    """DESIGN's three verdicts for one photo."""
    multi = card.task == "multi_label"
    values = (expit if multi else softmax)(logits.astype(float) / card.temperature)
    limit = card.thresholds.max_distance
    if limit is not None and distance is not None and distance > limit:
        return "unknown", []
    enough = [i for i, value in enumerate(values) if value >= card.thresholds.match[i]]
    known = [i for i, label in enumerate(card.vocab) if label != card.other_label]
    if multi:
        found = [i for i in enough if i in known]
        return ("match", found) if found else ("unknown", [])
    best = int(values.argmax())
    if best not in known:
        return "unknown", []
    return ("match", [best]) if best in enough else ("unsure", [])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("max_distance", [None, 0.0, 0.4])
@pytest.mark.parametrize("other", [None, "other"])
@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_the_verdicts_are_those_of_the_rule(
    card: Card, task: Any, other: str | None, max_distance: float | None, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    limit = None if max_distance is None else float(np.float32(max_distance))
    thresholds = Thresholds((0.3, 0.5, 0.7), limit)
    card = dataclasses.replace(card, task=task, other_label=other, temperature=1.3, thresholds=thresholds)
    logits = rng.normal(0, 2, (60, 3)).astype(np.float32)
    distances = rng.choice([0.0, 0.2, 0.4, 0.8], 60).astype(np.float32)
    found = decide(card, logits, distances)
    expected = [said_slowly(card, *photo) for photo in zip(logits, distances, strict=True)]
    assert [(found.of(i), np.flatnonzero(found.named[i]).tolist()) for i in range(60)] == expected
    assert found.match.tolist() == [verdict == "match" for verdict, _ in expected]


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_without_distances_no_photo_is_far(card: Card, task: Any) -> None:
    card = dataclasses.replace(card, task=task, thresholds=Thresholds((0.5,) * 3, max_distance=0.0))
    logits = np.array([[0, 0, 9], [0, 9, 0]], dtype=np.float32)
    assert decide(card, logits, None).match.all()
    assert decide(card, logits, np.ones(2, dtype=np.float32)).unknown.all()


def test_no_photos_have_no_verdicts(card: Card) -> None:
    found = decide(card, np.empty((0, 3), dtype=np.float32), np.empty(0, dtype=np.float32))
    assert found.named.shape == (0, 3) and found.unknown.shape == (0,)


def test_the_label_for_none_of_these_is_not_known(card: Card) -> None:
    assert known_labels(card).tolist() == [False, True, True]
    assert known_labels(dataclasses.replace(card, other_label=None)).all()


@pytest.mark.parametrize(("limit", "verdict"), [(1.0, "unknown"), (1.1, "unknown"), (1.2, "match"), (9.0, "match")])
def test_a_rule_of_the_card_stands_in_for_the_distance(card: Card, limit: float, verdict: str) -> None:
    rule = Rejection("energy_and_distance", {"energy": 0.25, "distance": 4.0}, limit)
    thresholds = Thresholds((0.5,) * 3, max_distance=0.0, rejection=rule)
    found = decide(
        dataclasses.replace(card, thresholds=thresholds),
        np.array([[0, 0, 3]], dtype=np.float32),  # An energy of -log(exp(0) + exp(3)): -3.05.
        np.array([0.475], dtype=np.float32),
    )
    assert found.of(0) == verdict


def test_a_rule_of_distance_rejects_nothing_without_distances(card: Card) -> None:
    rule = Rejection("distance", {"distance": 1.0}, -1.0)
    card = dataclasses.replace(card, thresholds=Thresholds((0.5,) * 3, rejection=rule))
    assert decide(card, np.array([[0, 0, 9]], dtype=np.float32), None).match.all()


def test_the_most_probable_label_for_none_of_these_is_unknown_by_every_rule(card: Card) -> None:
    card = dataclasses.replace(
        card, thresholds=Thresholds((0.5,) * 3, rejection=Rejection("other", {"other": 1.0}, 99.0))
    )
    assert decide(card, np.array([[9, 0, 0]], dtype=np.float32), None).unknown.all()
