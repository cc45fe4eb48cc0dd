"""What speaks for a photo being none of the labels, against the formulas."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, logsumexp, softmax

from app.vision.card import Card
from app.vision.rejection import SIGNALS, Rejection
from app.vision.signals import signal, strangeness

LOGITS = np.random.default_rng(0).normal(0, 3, (20, 3)).astype(np.float32)
DISTANCES = np.linspace(0, 1, 20).astype(np.float32)


@pytest.fixture
def warm(card: Card) -> Card:
    return dataclasses.replace(card, temperature=1.7)


def values_of(name: str, card: Card) -> NDArray[np.float64]:
    found = signal(name, card, LOGITS, DISTANCES)
    assert found is not None
    return found


def test_other_is_the_log_odds_of_its_probability(warm: Card) -> None:
    share = softmax(LOGITS.astype(float) / 1.7, axis=1)[:, 0]
    np.testing.assert_allclose(values_of("other", warm), np.log(share / (1 - share)), rtol=1e-6)


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_max_softmax_is_of_the_known_labels(warm: Card, task: Any) -> None:
    scaled = LOGITS.astype(float) / 1.7
    values = expit(scaled) if task == "multi_label" else softmax(scaled, axis=1)
    found = values_of("max_softmax", dataclasses.replace(warm, task=task))
    np.testing.assert_allclose(found, 1 - values[:, 1:].max(axis=1), rtol=1e-6)


def test_energy_is_of_the_known_labels(warm: Card) -> None:
    found = values_of("energy", warm)
    np.testing.assert_allclose(found, -logsumexp(LOGITS[:, 1:].astype(float) / 1.7, axis=1), rtol=1e-6)


def test_strangeness_is_the_weighted_sum(warm: Card) -> None:
    rule = Rejection("two", {"other": 0.5, "distance": 3.0}, 0.0)
    found = strangeness(rule, warm, LOGITS, DISTANCES)
    assert found is not None
    np.testing.assert_allclose(found, 0.5 * values_of("other", warm) + 3 * DISTANCES, rtol=1e-6)


def test_what_a_card_lacks_is_no_signal(card: Card) -> None:
    assert signal("distance", card, LOGITS, None) is None
    assert signal("other", dataclasses.replace(card, other_label=None), LOGITS, None) is None
    assert strangeness(Rejection("two", {"energy": 1.0, "distance": 1.0}, 0.0), card, LOGITS, None) is None


@pytest.mark.parametrize("name", SIGNALS)
def test_no_photos_give_no_signals(card: Card, name: str) -> None:
    found = signal(name, card, LOGITS[:0], DISTANCES[:0])
    assert found is not None and found.shape == (0,)
