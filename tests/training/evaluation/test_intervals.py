"""Intervals, against worked examples and slow references."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.data import PhotoRow
from training.evaluation.intervals import draw_sources, estimate, share


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


def rows_of(*groups: str) -> list[PhotoRow]:
    return [PhotoRow(Path(f"{i}.jpg"), "cats", "cats", group) for i, group in enumerate(groups)]


def test_photos_of_one_source_are_drawn_together() -> None:
    draws = draw_sources(rows_of("a", "b", "a", "c", "b"))
    assert (draws[:, 0] == draws[:, 2]).all() and (draws[:, 1] == draws[:, 4]).all()
    assert (draws[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert draws.std(axis=0).min() > 0


def test_the_same_photos_give_the_same_draws() -> None:
    rows = rows_of("a", "b", "c")
    assert np.array_equal(draw_sources(rows), draw_sources(rows))
    assert not np.array_equal(draw_sources(rows), draw_sources(rows, seed=1))


def test_no_photos_can_be_drawn_too() -> None:
    assert draw_sources([]).shape == (1000, 0)


def test_the_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    draws = draw_sources(rows_of(*map(str, range(400))), n_draws=4000)
    found = estimate(values.mean(), draws @ values / 400)
    assert found is not None
    error = values.std() / 20
    assert found["value"] == pytest.approx(values.mean(), abs=1e-4)
    assert found["low"] == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)  # 4000 draws: within 10 %.
    assert found["high"] == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)


def test_draws_that_lie_too_high_are_corrected() -> None:
    drawn = np.random.default_rng(0).normal(0.1, 0.01, 4000)
    plain, corrected = estimate(0.1, drawn), estimate(0.09, drawn)
    assert plain is not None and corrected is not None
    assert corrected["low"] < corrected["value"] < corrected["high"] < plain["high"]


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_an_interval_holds_its_figure(value: float) -> None:
    found = estimate(value, np.full(10, 0.5))
    assert found is not None and found["low"] <= value <= found["high"]


def test_draws_without_a_figure_are_left_out() -> None:
    assert estimate(0.5, np.array([np.nan, 0.5, np.nan])) == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert estimate(0.5, np.array([np.nan])) is None
    assert estimate(float("nan"), np.array([0.5])) is None
