"""The calibration error and its bins, against the formula photo by photo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.outputs import make_card, make_multi_card, make_multi_outputs, make_outputs
from training.evaluation.calibration import (
    calibration_figures,
    error_by_chance,
    expected_calibration_error,
    reliability_bins,
)


def slow_ece(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """Guo et al. 2017, equation 3."""
    total = 0.0
    for low in [n / 10 for n in range(10)]:
        inside = [i for i, value in enumerate(confidence) if low <= value < low + 0.1 or value == low + 0.1 == 1]
        total += abs(sum(bool(correct[i]) for i in inside) - sum(float(confidence[i]) for i in inside))
    return total / len(confidence)


@pytest.mark.parametrize("seed", range(3))
def test_the_calibration_error_is_that_of_the_formula(seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidence, correct = rng.random(200), rng.random(200) < 0.5
    expected = pytest.approx(slow_ece(confidence, correct))
    assert expected_calibration_error(confidence[:, None], correct[:, None]) == expected
    assert expected_calibration_error(confidence.reshape(50, 4), correct.reshape(50, 4)) == expected


def test_certainty_that_is_always_right_has_no_calibration_error() -> None:
    assert expected_calibration_error(np.ones((3, 1)), np.ones((3, 1), dtype=np.bool_)) == 0.0
    assert expected_calibration_error(np.ones((3, 1)), np.zeros((3, 1), dtype=np.bool_)) == 1.0


def test_a_bin_tells_its_mean_confidence_and_its_share_of_right_ones() -> None:
    found = reliability_bins(np.array([0.62, 0.68, 0.91, 1.0]), np.array([True, False, True, True]))
    assert found == [
        {"low": 0.6, "high": 0.7, "confidence": 0.65, "accuracy": 0.5, "count": 2},
        {"low": 0.9, "high": 1.0, "confidence": 0.955, "accuracy": 1.0, "count": 2},
    ]


def test_calibration_is_told_before_and_after_the_temperature() -> None:
    card = replace(make_card("cats", "dogs"), temperature=1e6)
    found = calibration_figures(card, make_outputs(card, ["cats", "dogs"], [[0.9, 0.1], [0.9, 0.1]]))
    assert (found["ece_before"]["value"], found["ece_after"]["value"]) == (0.4, 0.0)
    assert [row["confidence"] for row in (*found["bins_before"], *found["bins_after"])] == [0.9, 0.5]


def test_of_several_labels_each_probability_counts() -> None:
    card = make_multi_card("cones", "dogs")
    found = calibration_figures(card, make_multi_outputs(card, [[1, 0], [1, 1]], [[0.8, 0.3], [0.8, 0.3]]))
    assert [row["count"] for row in found["bins_after"]] == [2, 2]
    assert found["ece_after"]["value"] == pytest.approx((0.2 + 0.2) / 2)


def test_the_interval_of_the_error_holds_it() -> None:
    card, rng = make_card("cats", "dogs"), np.random.default_rng(0)
    chances = rng.uniform(0.05, 0.95, 300)
    strata = ["cats" if hit else "dogs" for hit in rng.random(300) < chances]
    found = calibration_figures(card, make_outputs(card, strata, [[p, 1 - p] for p in chances]))["ece_after"]
    assert 0 <= found["low"] <= found["value"] <= found["high"] < 0.15


def test_by_chance_a_perfect_network_has_an_error_on_few_photos_and_hardly_any_on_many() -> None:
    few, many = (error_by_chance(np.full((n, 1), 0.75)) for n in (48, 4_800))
    assert few is not None and many is not None
    expected = np.sqrt(2 / np.pi * 0.75 * 0.25 / 48)  # The mean gap of a binomial share, nearly normal, in one bin.
    assert few["value"] == pytest.approx(expected, rel=0.1)
    assert few["low"] < expected < few["high"]
    assert many["value"] == pytest.approx(expected / 10, rel=0.1)
    assert error_by_chance(np.ones((5, 1))) == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert error_by_chance(np.ones((0, 1))) is None
