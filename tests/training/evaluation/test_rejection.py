"""How well a strangeness tells photos of none of the labels, against scikit-learn and against counting."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from app.vision.card import Card
from tests.training.outputs import make_card, make_multi_card, make_multi_outputs, make_outputs
from training.evaluation.rejection import (
    accepted_curve,
    auroc,
    limit_keeping,
    mean_auroc,
    rejection_figures,
    rejection_on,
)
from training.outputs import SplitOutputs


@pytest.mark.parametrize("seed", range(3))
def test_auroc_is_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    known, others = rng.normal(0, 1, 40).round(1), rng.normal(1, 1, 30).round(1)
    expected = roc_auc_score([0] * 40 + [1] * 30, [*known, *others])
    assert auroc(known, others) == pytest.approx(expected)


@pytest.mark.parametrize(("kept", "limit"), [(0.95, 19), (0.951, 20), (1.0, 20), (0.05, 1), (0.5, 10)])
def test_the_limit_is_the_least_that_keeps_the_share(kept: float, limit: int) -> None:
    assert limit_keeping(np.random.default_rng(0).permutation(np.arange(1.0, 21.0)), kept) == limit


@pytest.fixture
def card() -> Card:
    return make_card("cats", "dogs", "other")


@pytest.fixture
def outputs(card: Card) -> SplitOutputs:
    """Twenty cats, then ten photos far and ten near; every photo is its own source."""
    return make_outputs(card, ["cats"] * 20 + ["other/far"] * 10 + ["other/near"] * 10, [[0.8, 0.1, 0.1]] * 40)


VALUES = np.array([*range(20), *range(30, 40), *range(10, 20)], dtype=np.float64)


def test_near_and_far_are_told_apart_and_together(card: Card, outputs: SplitOutputs) -> None:
    found = rejection_figures(card, outputs, VALUES)
    far, near = found["strata"]["other/far"], found["strata"]["other/near"]
    assert (far["n_photos"], far["n_sources"]) == (10, 10)
    assert (far["auroc"]["value"], far["accepted_at_95"]["count"]) == (1.0, 0)
    assert (near["auroc"]["value"], near["accepted_at_95"]["count"]) == (0.75, 9)  # 19 of 20 cats lie at or below 18.
    assert (found["auroc"]["value"], found["accepted_at_95"]["count"]) == (0.875, 9)
    assert found["mean_auroc"] == mean_auroc(card, outputs, VALUES) == 0.875


def test_an_auroc_has_the_interval_of_its_draws(card: Card, outputs: SplitOutputs) -> None:
    near = rejection_figures(card, outputs, VALUES)["strata"]["other/near"]["auroc"]
    rng = np.random.default_rng(1)
    slow = []
    for _ in range(2000):
        drawn = rng.integers(0, 40, 40)
        known, others = drawn[drawn < 20], drawn[drawn >= 30]
        if len(known) and len(others):
            slow.append(roc_auc_score([0] * len(known) + [1] * len(others), VALUES[[*known, *others]]))
    low, high = np.quantile(slow, [0.025, 0.975])
    assert near["low"] == pytest.approx(low, abs=0.03)  # Both are draws.
    assert near["high"] == pytest.approx(high, abs=0.03)


def test_the_curve_tells_what_is_accepted_of_the_others(card: Card, outputs: SplitOutputs) -> None:
    curve = accepted_curve(card, outputs, VALUES)
    at = dict(zip(curve["known"], curve["others"]["other/near"], strict=True))
    assert (at[0.5], at[0.75], at[1.0]) == (0.0, 0.5, 1.0)
    assert set(curve["others"]["other/far"]) == {0.0}


def test_without_a_record_the_plain_methods_are_judged(card: Card, outputs: SplitOutputs) -> None:
    found = rejection_on(card, outputs)["rejection"]
    assert set(found) == {"test"}
    assert {"other", "max_softmax", "energy", "distance_1", "distance_5"} <= set(found["test"]["methods"])
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_methods_of_the_card_are_judged(card: Card, outputs: SplitOutputs) -> None:
    record: dict[str, Any] = {"kept": "mix", "methods": {"mix": {"weights": {"other": 2.0}, "neighbours": 3}}}
    found = rejection_on(dataclasses.replace(card, metrics={"rejection": {"validation": record}}), outputs)
    assert found["rejection"]["validation"] == record
    assert list(found["rejection"]["test"]["methods"]) == ["mix"]


def test_where_there_is_nothing_to_tell_apart_there_are_no_figures(card: Card) -> None:
    assert rejection_on(card, make_outputs(card, ["cats", "dogs"], [[0.8, 0.1, 0.1]] * 2)) == {}
    assert rejection_on(card, make_outputs(card, ["other/far"], [[0.8, 0.1, 0.1]])) == {}
    several = make_multi_card("cats", "dogs")
    assert rejection_on(several, make_multi_outputs(several, [[0, 0], [1, 0]], [[0.2, 0.1], [0.9, 0.1]])) == {}
