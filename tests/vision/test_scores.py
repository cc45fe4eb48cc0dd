"""Probabilities and distances, against SciPy and against loops."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import expit, softmax

from app.vision.card import Card
from app.vision.scores import neighbour_distance, probabilities


@pytest.fixture
def logits() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 4, (5, 3)).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_one_label_of_several_is_a_softmax(card: Card, logits: np.ndarray, temperature: float) -> None:
    card = dataclasses.replace(card, temperature=temperature)
    np.testing.assert_allclose(probabilities(logits, card), softmax(logits / temperature, axis=1), atol=1e-6)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_several_labels_are_a_sigmoid_each(card: Card, logits: np.ndarray, temperature: float) -> None:
    card = dataclasses.replace(card, task="multi_label", temperature=temperature)
    np.testing.assert_allclose(probabilities(logits, card), expit(logits / temperature), atol=1e-6)


def test_a_high_temperature_makes_less_sure(card: Card) -> None:
    logits = np.array([[0.0, 1.0, 4.0]], dtype=np.float32)
    by_temperature = [
        probabilities(logits, dataclasses.replace(card, temperature=temperature)).max()
        for temperature in (0.5, 1, 2, 9)
    ]
    assert by_temperature == sorted(by_temperature, reverse=True)


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
@pytest.mark.parametrize("size", [1e3, 1e6, 1e30])
def test_the_largest_logits_do_not_overflow(card: Card, task: str, size: float) -> None:
    card = dataclasses.replace(card, task=task)  # type: ignore[arg-type]
    values = probabilities(np.array([[-size, 0.0, size]], dtype=np.float32), card)[0]
    np.testing.assert_allclose(values, [0, 0.5 if task == "multi_label" else 0, 1], atol=1e-12)


def _slow_distance(embedding: np.ndarray, neighbours: np.ndarray, k: int) -> float:
    cosines = [float(embedding @ row) / float(np.linalg.norm(embedding)) for row in neighbours]
    nearest = sorted(cosines, reverse=True)[:k]
    return 1 - sum(nearest) / len(nearest)


@pytest.mark.parametrize("k", [1, 3, 20, 21])
def test_the_distance_is_the_mean_to_the_k_nearest(k: int) -> None:
    rng = np.random.default_rng(1)
    neighbours = rng.normal(size=(20, 6)).astype(np.float32)
    neighbours /= np.linalg.norm(neighbours, axis=1, keepdims=True)
    embeddings = rng.normal(0, 30, (4, 6)).astype(np.float32)
    expected = [_slow_distance(row, neighbours, k) for row in embeddings]
    np.testing.assert_allclose(neighbour_distance(embeddings, neighbours, k), expected, atol=1e-5)


@pytest.mark.parametrize(("embedding", "distance"), [([5, 0], 0.0), ([0, 3], 1.0), ([-2, 0], 2.0), ([0, 0], 1.0)])
def test_the_distance_is_from_0_to_2(embedding: list[float], distance: float) -> None:
    neighbours = np.array([[1, 0]], dtype=np.float32)
    found = neighbour_distance(np.array([embedding], dtype=np.float32), neighbours, 1)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [distance], atol=1e-6)
