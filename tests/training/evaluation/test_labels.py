"""Figures per label, against scikit-learn's and against counting."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from tests.training.outputs import make_card, make_multi_card, make_multi_outputs, make_outputs
from training.evaluation.labels import label_figures


@pytest.mark.parametrize("seed", range(3))
def test_f1_is_scikit_learns_and_lies_in_its_interval(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = ["ants", "bees", "cats"]
    card, targets, values = make_card(*labels), rng.integers(0, 3, 80), rng.dirichlet([1.0] * 3, 80)
    outputs = make_outputs(card, [labels[i] for i in targets], values.tolist())
    expected = f1_score(targets, values.argmax(axis=1), average=None)
    for label, f1 in zip(labels, expected, strict=True):
        found = label_figures(card, outputs)["per_label"][label]["f1"]
        assert found["value"] == pytest.approx(f1, abs=1e-4)
        assert found["low"] < found["value"] < found["high"]


def test_a_label_never_shown_and_never_said_has_no_f1() -> None:
    card = make_card("ants", "bees", "cats")
    found = label_figures(card, make_outputs(card, ["ants", "bees"], [[0.8, 0.1, 0.1]] * 2))["per_label"]
    assert found["cats"]["f1"] is None
    assert found["bees"]["f1"]["value"] == 0.0


def test_the_true_label_is_looked_for_among_the_k_most_probable() -> None:
    card = make_card("ants", "bees", "cats", "dogs")
    values = [[0.4, 0.3, 0.2, 0.1]] * 4
    found = label_figures(card, make_outputs(card, ["ants", "bees", "cats", "dogs"], values))["top_k"]
    assert {k: row["count"] for k, row in found.items()} == {"1": 1, "2": 2, "3": 3}


def test_there_is_no_top_k_of_all_labels_and_none_beyond_five() -> None:
    labels = [f"label-{i}" for i in range(8)]
    card = make_card(*labels)
    assert list(label_figures(card, make_outputs(card, labels[:1], [[1 / 8] * 8]))["top_k"]) == [
        "1",
        "2",
        "3",
        "4",
        "5",
    ]


def test_several_labels_are_said_by_their_own_thresholds() -> None:
    card = make_multi_card("cones", "dogs", match=(0.2, 0.9))
    found = label_figures(card, make_multi_outputs(card, [[1, 1], [0, 1]], [[0.3, 0.8], [0.1, 0.95]]))["per_label"]
    assert (found["cones"]["recall"]["count"], found["dogs"]["recall"]["count"]) == (1, 1)


def test_a_label_that_no_photo_shows_has_no_average_precision() -> None:
    card = make_multi_card("cones", "dogs")
    found = label_figures(card, make_multi_outputs(card, [[1, 0], [0, 0]], [[0.9, 0.2], [0.3, 0.1]]))
    assert found["per_label"]["dogs"]["average_precision"] is None
    assert found["mean_average_precision"] == 1.0
