"""The figures of a card, of outputs made by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.outputs import make_card, make_outputs
from training.evaluate import evaluate, expected_calibration_error, share


# Source: Wilson's formula worked by hand with z = 1.959964; 81 of 263 is the example of Newcombe 1998, table I.
@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 29, 0.0061, 0.1718)],
)
def test_a_share_has_its_wilson_interval(hits: int, trials: int, low: float, high: float) -> None:
    found = share(np.arange(trials) < hits)
    assert found == {"value": round(hits / trials, 4), "low": low, "high": high, "count": hits, "of": trials}


def test_a_share_of_nothing_is_none() -> None:
    assert share(np.array([], dtype=np.bool_)) is None


@pytest.fixture
def metrics() -> dict[str, Any]:
    """Of three cats, two dogs and three others: far, far, near."""
    card = make_card("cats", "dogs", "other", match=0.75)
    rows: list[tuple[str, list[float], float]] = [
        ("cats", [0.8, 0.1, 0.1], 0.1),  # a match, right
        ("cats", [0.6, 0.3, 0.1], 0.1),  # unsure
        ("cats", [0.9, 0.05, 0.05], 0.9),  # right, but too far: unknown
        ("dogs", [0.8, 0.1, 0.1], 0.1),  # a match, wrong
        ("dogs", [0.1, 0.3, 0.6], 0.1),  # called other: unknown
        ("other/far", [0.1, 0.1, 0.8], 0.1),  # called other: unknown
        ("other/far", [0.1, 0.8, 0.1], 0.9),  # too far: unknown
        ("other/near", [0.1, 0.8, 0.1], 0.1),  # a match, wrong
    ]
    test = make_outputs(card, [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
    return evaluate(card, test)


def counted(found: dict[str, Any] | None) -> tuple[int, int]:
    assert found is not None
    return found["count"], found["of"]


def test_photos_and_sources_are_counted(metrics: dict[str, Any]) -> None:
    assert (metrics["split"], metrics["n_photos"], metrics["n_sources"]) == ("test", 8, 8)


def test_accuracy_is_over_all_labels_and_over_the_known_ones(metrics: dict[str, Any]) -> None:
    assert counted(metrics["accuracy"]) == (4, 8)
    assert counted(metrics["accuracy_among_known"]) == (4, 5)  # The dog called other is a dog among cats and dogs.


def test_every_label_has_recall_and_precision(metrics: dict[str, Any]) -> None:
    per_label = {
        label: (counted(row["recall"]), counted(row["precision"])) for label, row in metrics["per_label"].items()
    }
    assert per_label == {"cats": ((3, 3), (3, 4)), "dogs": ((0, 2), (0, 2)), "other": ((1, 3), (1, 2))}


def test_the_confusion_counts_true_labels_in_rows(metrics: dict[str, Any]) -> None:
    assert metrics["confusion"]["labels"] == ["cats", "dogs", "other"]
    assert metrics["confusion"]["counts"] == [[3, 0, 0], [1, 0, 1], [0, 2, 1]]


def test_verdicts_are_those_that_the_server_would_give(metrics: dict[str, Any]) -> None:
    verdicts = metrics["verdicts"]
    assert counted(verdicts["match_is_right"]) == (1, 3)
    assert {kind: counted(found) for kind, found in verdicts["known"].items()} == {"match": (2, 5), "unknown": (2, 5)}
    assert {kind: counted(found) for kind, found in verdicts["called_a_match"].items()} == {
        "other/far": (0, 2),
        "other/near": (1, 1),
    }
    assert {kind: counted(found) for kind, found in verdicts["not_called_unknown"].items()} == {
        "other/far": (0, 2),
        "other/near": (1, 1),
    }


def test_metrics_can_be_written_as_json(metrics: dict[str, Any]) -> None:
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def test_without_a_label_other_every_photo_is_known() -> None:
    card = make_card("cats", "dogs", max_distance=None)
    found = evaluate(card, make_outputs(card, ["cats", "dogs"], [[0.9, 0.1], [0.6, 0.4]], [2.0, 2.0]))
    assert counted(found["accuracy"]) == counted(found["accuracy_among_known"]) == (1, 2)
    assert counted(found["verdicts"]["known"]["match"]) == (1, 2)
    assert found["verdicts"]["called_a_match"] == {}


def test_without_a_photo_of_a_known_label_there_is_no_figure_for_them() -> None:
    card = make_card("cats", "dogs", "other")
    found = evaluate(card, make_outputs(card, ["other/far"], [[0.1, 0.1, 0.8]]))
    assert found["accuracy_among_known"] is None
    assert found["verdicts"]["known"] == {"match": None, "unknown": None}
    assert found["verdicts"]["match_is_right"] is None
    assert found["per_label"]["cats"] == {"recall": None, "precision": None}


def test_a_distance_of_zero_is_a_limit_like_any_other() -> None:
    card = make_card("cats", "dogs", max_distance=0.0)
    found = evaluate(card, make_outputs(card, ["cats", "dogs"], [[0.9, 0.1], [0.1, 0.9]], [0.0, 0.1]))
    assert counted(found["verdicts"]["known"]["unknown"]) == (1, 2)


def slow_ece(probabilities: NDArray[np.float64], targets: NDArray[np.int64]) -> float:
    """Guo et al. 2017, equation 3, photo by photo."""
    total = 0.0
    for low in [n / 10 for n in range(10)]:
        inside = [
            i for i, row in enumerate(probabilities) if low <= row.max() < low + 0.1 or row.max() == low + 0.1 == 1
        ]
        right = sum(int(probabilities[i].argmax()) == int(targets[i]) for i in inside)
        total += abs(right - sum(float(probabilities[i].max()) for i in inside))
    return total / len(targets)


@pytest.mark.parametrize("seed", range(3))
def test_the_calibration_error_is_that_of_the_formula(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([0.5] * 3, 200)
    targets = rng.integers(0, 3, 200)
    assert expected_calibration_error(probabilities, targets) == pytest.approx(slow_ece(probabilities, targets))


def test_certainty_that_is_always_right_has_no_calibration_error() -> None:
    assert expected_calibration_error(np.eye(3), np.arange(3)) == 0.0
    assert expected_calibration_error(np.eye(3), np.array([1, 2, 0])) == 1.0


def test_calibration_is_told_before_and_after_the_temperature() -> None:
    card = replace(make_card("cats", "dogs"), temperature=1e6)
    outputs = make_outputs(card, ["cats", "dogs"], [[0.9, 0.1], [0.9, 0.1]])
    assert evaluate(card, outputs)["calibration"] == {"ece_before": 0.4, "ece_after": 0.0}
