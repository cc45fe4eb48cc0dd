"""Intervals, against worked examples and slow references."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.intervals import draw_photos, estimate, share


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


def test_every_draw_has_as_many_photos_as_there_are() -> None:
    draws = draw_photos(7)
    assert draws.shape == (1000, 7)
    assert set(draws.sum(axis=1)) == {7}
    assert draws.mean(axis=0) == pytest.approx(np.ones(7), abs=0.15)  # Its standard error is 0.03.


def test_a_seed_gives_the_same_draws() -> None:
    assert np.array_equal(draw_photos(5), draw_photos(5))
    assert not np.array_equal(draw_photos(5), draw_photos(5, seed=1))


def test_no_photos_can_be_drawn_too() -> None:
    assert draw_photos(0).shape == (1000, 0)


def test_the_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    draws = draw_photos(400, n_draws=4000)
    found = estimate(values.mean(), draws @ values / 400)
    assert found is not None
    error = values.std() / 20
    assert found["value"] == pytest.approx(values.mean(), abs=1e-4)
    assert found["low"] == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)  # 4000 draws: within 10 %.
    assert found["high"] == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_an_interval_holds_its_figure(value: float) -> None:
    found = estimate(value, np.full(10, 0.5))
    assert found is not None and found["low"] <= value <= found["high"]


def test_draws_without_a_figure_are_left_out() -> None:
    assert estimate(0.5, np.array([np.nan, 0.5, np.nan])) == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert estimate(0.5, np.array([np.nan])) is None
    assert estimate(float("nan"), np.array([0.5])) is None
