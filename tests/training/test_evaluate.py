"""The figures of a card, of outputs made by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.training.outputs import make_card, make_multi_card, make_multi_outputs, make_outputs
from training.evaluate import evaluate


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
    assert {kind: counted(found) for kind, found in verdicts["known"].items()} == {
        "match": (2, 5),
        "unknown": (2, 5),
        "not_unknown": (3, 5),
    }
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
    assert found["verdicts"]["known"] == {"match": None, "unknown": None, "not_unknown": None}
    assert found["verdicts"]["match_is_right"] is None
    assert found["per_label"]["cats"] == {"recall": None, "precision": None, "f1": None}


def test_a_distance_of_zero_is_a_limit_like_any_other() -> None:
    card = make_card("cats", "dogs", max_distance=0.0)
    found = evaluate(card, make_outputs(card, ["cats", "dogs"], [[0.9, 0.1], [0.1, 0.9]], [0.0, 0.1]))
    assert counted(found["verdicts"]["known"]["unknown"]) == (1, 2)


def test_of_no_photos_there_are_no_figures() -> None:
    card = make_card("cats", "dogs", "other")
    found = evaluate(card, make_outputs(card, [], []))
    assert (found["n_photos"], found["accuracy"], found["calibration"]["ece_after"]) == (0, None, None)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.fixture
def multi() -> dict[str, Any]:
    """A dog and a cone, a dog, a cone taken for both, nothing, and a dog that is missed."""
    card = make_multi_card("cones", "dogs", match=(0.7, 0.5))
    shown = [[1, 1], [0, 1], [1, 0], [0, 0], [0, 1]]
    return evaluate(card, make_multi_outputs(card, shown, [[0.9, 0.8], [0.6, 0.9], [0.8, 0.7], [0.1, 0.2], [0.2, 0.4]]))


def test_of_several_labels_a_photo_is_right_if_all_are(multi: dict[str, Any]) -> None:
    assert counted(multi["accuracy"]) == (3, 5)
    assert counted(multi["verdicts"]["match_is_right"]) == (2, 3)
    assert {key: counted(row) for key, row in multi["verdicts"]["known"].items()} == {
        "match": (3, 4),
        "unknown": (1, 4),
        "not_unknown": (3, 4),
    }


def test_each_of_several_labels_has_its_figures_and_there_is_no_confusion(multi: dict[str, Any]) -> None:
    dogs = multi["per_label"]["dogs"]
    assert (counted(dogs["recall"]), counted(dogs["precision"])) == ((2, 3), (2, 3))
    assert dogs["f1"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert dogs["average_precision"] == pytest.approx((1 + 1 + 3 / 4) / 3, abs=1e-4)
    assert multi["mean_average_precision"] == pytest.approx((1 + dogs["average_precision"]) / 2, abs=1e-4)
    assert "confusion" not in multi


def test_photos_that_show_none_of_several_labels_are_others(multi: dict[str, Any]) -> None:
    assert counted(multi["verdicts"]["called_a_match"]["photos"]) == (3, 5)
    assert json.loads(json.dumps(multi, allow_nan=False)) == multi
