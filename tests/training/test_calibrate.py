"""The temperature and the thresholds of a card."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.outputs import make_card, make_multi_card, make_multi_outputs, make_outputs
from training.calibrate import calibrate, fit_temperature, match_threshold
from training.config import TrainConfig
from training.evaluation.intervals import draw_groups
from training.evaluation.rejection import Method


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5, 6.0])
def test_the_temperature_of_overconfident_logits_is_found(temperature: float) -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, (20_000, 4))
    chances = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    targets = (chances.cumsum(axis=1) > rng.random((len(honest), 1))).argmax(axis=1)
    found = fit_temperature((honest * temperature).astype(np.float32), targets)
    assert found == pytest.approx(temperature, rel=0.05)  # 20 000 draws: its standard error is below 1 %.


def test_the_temperature_of_faultless_logits_is_bounded() -> None:
    logits = np.eye(3, dtype=np.float32)[[0, 1, 2] * 10]
    assert 0.1 <= fit_temperature(logits, np.array([0, 1, 2] * 10)) < 0.11
    assert 9.9 < fit_temperature(-logits, np.array([0, 1, 2] * 10)) <= 10


def test_the_temperature_of_huge_logits_is_a_number() -> None:
    logits = np.array([[3000.0, -3000.0], [-3000.0, 3000.0]], dtype=np.float32)
    assert np.isfinite(fit_temperature(logits, np.array([0, 0])))


def threshold(pairs: list[tuple[float, bool]], precision: float) -> float:
    confidences = np.array([confidence for confidence, _ in pairs], dtype=np.float64)
    return match_threshold(confidences, np.array([right for _, right in pairs], dtype=np.bool_), precision)


def test_the_threshold_is_the_least_that_reaches_the_precision() -> None:
    pairs = [(0.9, True), (0.8, True), (0.7, False), (0.6, True), (0.5, False), (0.4, False)]
    assert threshold(pairs, 1.0) == 0.8
    assert threshold(pairs, 0.75) == 0.6
    assert threshold(pairs, 0.5) == 0.4


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("precision", [0.6, 0.9])
def test_what_is_above_the_threshold_has_the_precision(seed: int, precision: float) -> None:
    rng = np.random.default_rng(seed)
    confidences = rng.random(300).round(2)
    correct = rng.random(300) < confidences
    least = match_threshold(confidences, correct, precision)
    assert correct[confidences >= least].mean() >= precision
    lower = np.unique(confidences[confidences < least])
    assert all(correct[confidences >= value].mean() < precision for value in lower)


def test_a_precision_that_hangs_on_one_source_is_not_relied_on() -> None:
    """Of 40 photos 36 are right, but for each of the three least sure sources; half of the draws are below 90 %."""
    sources = [f"{number // 4}" for number in range(40)]
    confidences = np.linspace(0.99, 0.6, 40)
    correct = np.array([number < 28 or number % 4 < 3 for number in range(40)])
    draws = draw_groups(sources)
    plain = match_threshold(confidences, correct, 0.9)
    assert match_threshold(confidences, correct, 0.9, draws, 0.5) == pytest.approx(plain, abs=0.05)
    sure = match_threshold(confidences, correct, 0.9, draws, 0.95)
    assert sure > plain
    chosen = confidences >= sure
    counts, right = draws[:, chosen].sum(axis=1), draws[:, chosen] @ correct[chosen]
    assert (right[counts > 0] >= 0.9 * counts[counts > 0]).mean() >= 0.95


def test_the_threshold_of_a_card_is_surer_than_the_photos_alone_would_have_it() -> None:
    card, rng = make_card("cats", "dogs", "other"), np.random.default_rng(0)
    chances = rng.uniform(0.5, 1.0, 200)
    right = rng.random(200) < chances
    shares = [[chance, 1 - chance - 0.001, 0.001] for chance in chances]
    valid = make_outputs(card, ["cats" if hit else "dogs" for hit in right], shares)
    bold, sure = (
        calibrate(card, valid, TrainConfig(target_precision=0.85, sureness=sureness)) for sureness in (0.5, 0.99)
    )
    assert sure.thresholds.match[0] > bold.thresholds.match[0]


def test_photos_of_equal_confidence_stand_on_the_same_side() -> None:
    pairs = [(0.9, True), (0.7, True), (0.7, True), (0.7, False), (0.7, False)]
    assert threshold(pairs, 0.9) == 0.9
    assert threshold(list(reversed(pairs)), 0.9) == 0.9


def test_a_precision_out_of_reach_is_approached() -> None:
    pairs = [(0.9, False), (0.8, True), (0.7, True), (0.6, False)]
    assert threshold(pairs, 0.95) == 0.7


def test_if_nothing_is_right_the_highest_confidence_is_taken() -> None:
    assert threshold([(0.9, False), (0.8, False)], 0.9) == 0.9


def test_without_predictions_only_certainty_matches() -> None:
    assert threshold([], 0.9) == 1.0


def test_a_card_is_calibrated_on_photos_of_known_labels() -> None:
    card = make_card("cats", "dogs", "other")
    right = [[0.9, 0.05, 0.05]] * 8
    unsure = [[0.6, 0.35, 0.05]] * 2
    wrong = [[0.45, 0.5, 0.05]] * 2
    other = [[0.1, 0.1, 0.8]] * 4
    strata = ["cats"] * 12 + ["other/far"] * 4
    valid = make_outputs(card, strata, [*right, *unsure, *wrong, *other])
    result = calibrate(card, valid, TrainConfig(target_precision=1.0, known_share=1.0, neighbours=3))
    named = valid.probabilities(result)[:, :2].max(axis=1)
    assert result.temperature != 1.0
    assert result.thresholds.rejection is not None and result.thresholds.rejection.method == "other"
    assert result.thresholds.match == pytest.approx((named[8],) * 3)


def test_the_distance_keeps_the_stated_share_of_known_photos() -> None:
    card = make_card("cats", "dogs")
    distances = [i / 100 for i in range(100)]
    valid = make_outputs(card, ["cats", "dogs"] * 50, [[0.7, 0.3], [0.3, 0.7]] * 50, distances)
    most = calibrate(card, valid, TrainConfig(known_share=0.9)).thresholds.max_distance
    assert most is not None
    assert (valid.distances(5) <= most).mean() == pytest.approx(0.9)


def test_the_rule_for_unknown_keeps_the_stated_share_of_known_photos() -> None:
    card, rng = make_card("cats", "dogs", "other"), np.random.default_rng(0)
    strata = ["cats", "dogs"] * 50 + ["other/far"] * 50
    valid = make_outputs(card, strata, rng.dirichlet([1, 1, 1], 150).tolist(), rng.random(150).tolist())
    result = calibrate(card, valid, TrainConfig(known_share=0.9))
    rule = result.thresholds.rejection
    assert rule is not None and result.thresholds.max_distance is None
    method = Method.from_json(rule.method, result.metrics["rejection"]["validation"]["methods"][rule.method])
    assert result.thresholds.neighbours == method.neighbours
    assert (method.strangeness(result, valid)[:100] <= rule.limit).mean() == pytest.approx(0.9, abs=0.011)


def test_the_label_other_is_never_called_a_match() -> None:
    card = make_card("cats", "dogs", "other")
    valid = make_outputs(card, ["cats", "other", "other"], [[0.1, 0.1, 0.8]] * 3)
    assert calibrate(card, valid, TrainConfig()).thresholds.match == (1.0,) * 3


@pytest.mark.parametrize("temperature", [0.5, 2.5])
def test_the_temperature_of_several_labels_is_found(temperature: float) -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, (20_000, 3))
    targets = (rng.random(honest.shape) < 1 / (1 + np.exp(-honest))).astype(np.float32)
    found = fit_temperature((honest * temperature).astype(np.float32), targets)
    assert found == pytest.approx(temperature, rel=0.05)  # 60 000 draws: its standard error is below 1 %.


def test_each_of_several_labels_has_the_threshold_of_its_own_photos() -> None:
    card = make_multi_card("cones", "dogs")
    shown = [[1, 1], [1, 0], [0, 1], [1, 0]] * 5
    valid = make_multi_outputs(card, shown, [[0.9, 0.9], [0.8, 0.6], [0.3, 0.5], [0.7, 0.2]] * 5)
    result = calibrate(card, valid, TrainConfig(target_precision=1.0, known_share=1.0))
    values = valid.probabilities(result)
    assert result.thresholds.match == pytest.approx((values[3, 0], values[0, 1]))
