"""Which way to reject is kept, and why."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from tests.training.outputs import make_card, make_multi_card, make_multi_outputs, make_outputs
from training.config import TrainConfig
from training.evaluation.rejection import Method, mean_auroc
from training.outputs import SplitOutputs
from training.reject import COMBINED, compare_rejections, rejecting_thresholds

CARD = make_card("cats", "dogs", "other")


def outputs_of(by_other: float, by_distance: float, *, n: int = 60, sources: int = 12, seed: int = 0) -> SplitOutputs:
    """Cats and others, which the label and the distance tell apart as many standard deviations as said."""
    rng = np.random.default_rng(seed)
    strange = np.arange(2 * n) >= n
    log_odds = rng.normal(0, 1, 2 * n) + by_other * strange
    distances = 0.5 + 0.1 * (rng.normal(0, 1, 2 * n).clip(-3, 3) + by_distance * strange)
    share = 1 / (1 + np.exp(-log_odds))
    values = np.stack([0.9 * (1 - share), 0.1 * (1 - share), share], axis=1)
    strata = ["cats"] * n + ["other/far", "other/near"] * (n // 2)
    outputs = make_outputs(CARD, strata, values.tolist(), distances.tolist())
    rows = tuple(dataclasses.replace(row, source=f"{row.label}-{i % sources}") for i, row in enumerate(outputs.rows))
    return dataclasses.replace(outputs, rows=rows)


def compared(outputs: SplitOutputs) -> dict[str, Any]:
    found = compare_rejections(CARD, outputs, TrainConfig())
    assert found is not None
    return found


def test_five_kinds_are_compared_on_near_and_far() -> None:
    methods = compared(outputs_of(1, 1))["methods"]
    assert list(methods) == ["other", "max_softmax", "energy", "distance_1", "distance_5", "distance_20", COMBINED]
    assert all(set(row["strata"]) == {"other/far", "other/near"} for row in methods.values())


@pytest.mark.parametrize(
    ("by_other", "by_distance", "kept"), [(3.0, 0.0, "other"), (0.0, 2.0, "distance_1"), (1.5, 1.5, COMBINED)]
)
def test_the_best_is_kept_and_of_equals_the_simplest(by_other: float, by_distance: float, kept: str) -> None:
    found = compared(outputs_of(by_other, by_distance))
    assert found["kept"] == kept
    assert found["why"].startswith(f"{kept} has a mean AUROC of {found['methods'][kept]['mean_auroc']:.3f}")


def test_the_combination_weighs_the_better_signal_more() -> None:
    weights = compared(outputs_of(2.0, 0.5))["methods"][COMBINED]["weights"]
    assert weights["other"] * 1.0 > weights["distance"] * 0.1 > 0  # Times the spread of each signal.


def test_the_combination_is_judged_on_sources_it_was_not_fitted_on() -> None:
    outputs = outputs_of(0, 0, n=10, sources=10)
    found = compared(outputs)["methods"][COMBINED]
    flattered = mean_auroc(CARD, outputs, Method(COMBINED, found["weights"], 1).strangeness(CARD, outputs))
    assert found["mean_auroc"] < flattered


def test_one_source_is_too_few_for_a_combination() -> None:
    assert COMBINED not in compared(outputs_of(1, 1, sources=1))["methods"]


def test_the_same_photos_give_the_same_choice() -> None:
    assert compared(outputs_of(1, 1)) == compared(outputs_of(1, 1))


@pytest.mark.parametrize("known_share", [0.5, 0.9, 1.0])
def test_the_limit_keeps_the_stated_share_of_known_photos(known_share: float) -> None:
    outputs = outputs_of(1, 1)
    method = Method("other", {"other": 1.0})
    thresholds = rejecting_thresholds(CARD, outputs, method, known_share)
    assert thresholds.rejection is not None and thresholds.max_distance is None
    kept = method.strangeness(CARD, outputs)[:60] <= thresholds.rejection.limit
    assert kept.mean() == pytest.approx(known_share)


def test_without_others_there_is_nothing_to_compare() -> None:
    alone = make_card("cats", "dogs")
    assert compare_rejections(alone, make_outputs(alone, ["cats"], [[0.9, 0.1]]), TrainConfig()) is None
    assert compare_rejections(CARD, make_outputs(CARD, ["cats"], [[0.8, 0.1, 0.1]]), TrainConfig()) is None
    several = make_multi_card("cats", "dogs")
    outputs = make_multi_outputs(several, [[1, 0], [0, 0]], [[0.9, 0.1], [0.1, 0.1]])
    assert compare_rejections(several, outputs, TrainConfig()) is None
