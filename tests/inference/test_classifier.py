"""The three verdicts, and where one ends and the next begins."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax

from app.inference.classifier import Classification, Classifier
from app.vision.card import Card, Thresholds
from app.vision.rejection import Rejection
from app.vision.scores import probabilities

HERE = np.array([1.0, 0.0], dtype=np.float32)  # The embedding of every training photo in these tests.


def _array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def _classify(card: Card, logits: np.ndarray, embedding: np.ndarray = HERE) -> Classification:
    return Classifier(card, HERE[None]).classify(logits, embedding)


def _with(card: Card, match: float | tuple[float, ...] = 0.8, **changes: Any) -> Card:
    values = match if isinstance(match, tuple) else (match,) * 3
    return dataclasses.replace(card, thresholds=Thresholds(values, **changes))


@pytest.mark.parametrize(
    ("logits", "verdict", "labels"),
    [
        (_array(0, 0, 9), "match", ("yosemite",)),
        (_array(0, 9, 0), "match", ("sequoia",)),
        (_array(0, 5, 5), "unsure", ()),
        (_array(9, 0, 0), "unknown", ()),
        (_array(5.1, 5, 0), "unknown", ()),  # Barely the label for none of them, and still the most probable one.
    ],
)
def test_the_verdict_follows_the_most_probable_label(
    card: Card, logits: np.ndarray, verdict: str, labels: tuple[str, ...]
) -> None:
    found = _classify(card, logits)
    assert (found.verdict, found.labels) == (verdict, labels)


@pytest.mark.parametrize(("ulps", "verdict"), [(-1, "match"), (0, "match"), (1, "unsure")])
def test_a_match_begins_at_its_labels_threshold(card: Card, ulps: int, verdict: str) -> None:
    logits = _array(0, 1, 2.5)
    probability = probabilities(logits[None], card)[0, 2]
    threshold = float(np.nextafter(probability, probability + ulps))
    assert _classify(_with(card, (0.0, 0.0, threshold)), logits).verdict == verdict


def test_each_label_has_its_own_threshold(card: Card) -> None:
    card = _with(card, (0.9, 0.9, 0.5))
    assert _classify(card, _array(0, 0, 1.5)).verdict == "match"
    assert _classify(card, _array(0, 1.5, 0)).verdict == "unsure"


@pytest.mark.parametrize(("max_distance", "verdict"), [(1.0001, "match"), (1.0, "match"), (0.9999, "unknown")])
def test_what_is_farther_than_max_distance_is_unknown(card: Card, max_distance: float, verdict: str) -> None:
    card = _with(card, max_distance=max_distance)
    found = _classify(card, _array(0, 0, 9), embedding=_array(0, 3))  # At a right angle: a distance of 1.
    assert found.verdict == verdict
    assert len(found.predictions) == 3


@pytest.mark.parametrize(("k", "verdict"), [(1, "match"), (2, "unknown")])
def test_the_distance_is_to_as_many_neighbours_as_the_card_says(card: Card, k: int, verdict: str) -> None:
    classifier = Classifier(_with(card, max_distance=0.4, neighbours=k), np.eye(2, dtype=np.float32))
    assert classifier.classify(_array(0, 0, 9), HERE).verdict == verdict


@pytest.mark.parametrize(("limit", "verdict"), [(0.99, "unknown"), (1.01, "match")])
def test_a_rule_of_the_card_may_ask_for_the_distance(card: Card, limit: float, verdict: str) -> None:
    card = _with(card, rejection=Rejection("distance", {"distance": 1.0}, limit))
    assert _classify(card, _array(0, 0, 9), embedding=_array(0, 3)).verdict == verdict


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_a_far_photo_is_unknown_in_every_task(card: Card, task: Any) -> None:
    card = dataclasses.replace(_with(card, max_distance=0.5), task=task)
    assert _classify(card, _array(0, 0, 9), embedding=-HERE).verdict == "unknown"


def test_without_neighbours_no_photo_is_far(card: Card) -> None:
    classifier = Classifier(_with(card, max_distance=0.5), None)
    assert classifier.classify(_array(0, 0, 9), -HERE).verdict == "match"


def test_without_max_distance_no_photo_is_far(card: Card) -> None:
    assert _classify(card, _array(0, 0, 9), embedding=-HERE).verdict == "match"


def test_without_an_other_label_every_label_may_match(card: Card) -> None:
    found = _classify(dataclasses.replace(card, other_label=None), _array(9, 0, 0))
    assert (found.verdict, found.labels) == ("match", ("other",))


@pytest.mark.parametrize(
    ("logits", "verdict", "labels"),
    [
        (_array(-9, 9, 9), "match", ("sequoia", "yosemite")),
        (_array(-9, -9, 9), "match", ("yosemite",)),
        (_array(9, 9, -9), "match", ("sequoia",)),
        (_array(9, -9, -9), "unknown", ()),
        (_array(-9, -9, -9), "unknown", ()),
    ],
)
def test_several_labels_may_match_at_once(
    card: Card, logits: np.ndarray, verdict: str, labels: tuple[str, ...]
) -> None:
    found = _classify(dataclasses.replace(card, task="multi_label"), logits)
    assert (found.verdict, found.labels) == (verdict, labels)


@pytest.mark.parametrize(("ulps", "labels"), [(-1, ("yosemite",)), (0, ("yosemite",)), (1, ())])
def test_each_of_several_labels_begins_at_its_threshold(card: Card, ulps: int, labels: tuple[str, ...]) -> None:
    card = dataclasses.replace(card, task="multi_label")
    logits = _array(-9, -9, 0.7)
    probability = probabilities(logits[None], card)[0, 2]
    threshold = float(np.nextafter(probability, probability + ulps))
    assert _classify(_with(card, (0.8, 0.8, threshold)), logits).labels == labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_predictions_are_calibrated_probabilities_highest_first(card: Card, task: Any, temperature: float) -> None:
    logits = _array(0.5, 2, -1)
    found = _classify(dataclasses.replace(card, task=task, temperature=temperature), logits)
    reference = expit if task == "multi_label" else softmax
    np.testing.assert_allclose(
        [row.probability for row in found.predictions], reference(logits / temperature)[[1, 0, 2]], atol=1e-6
    )
    assert [row.label.label for row in found.predictions] == ["sequoia", "other", "yosemite"]


def test_a_temperature_can_turn_a_match_into_unsure(card: Card) -> None:
    logits = _array(0, 0, 3)
    assert _classify(card, logits).verdict == "match"
    assert _classify(dataclasses.replace(card, temperature=3.0), logits).verdict == "unsure"


def test_equal_probabilities_stay_in_the_order_of_the_labels(card: Card) -> None:
    found = _classify(card, _array(1, 1, 1))
    assert [row.label.label for row in found.predictions] == list(card.vocab)
