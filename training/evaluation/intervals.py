"""95 % intervals: Wilson's for shares, the bootstrap over sources for all else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import binomtest

from training.data import PhotoRow

_CONFIDENCE_LEVEL = 0.95
_DRAWS = 1000
_SEED = 0


def share(hits: NDArray[np.bool_]) -> dict[str, Any] | None:
    """The share of hits with its Wilson interval; None of no trials.

    Source: Wilson 1927, as in scipy.stats.binomtest.
    """
    if not len(hits):
        return None
    interval = binomtest(int(hits.sum()), len(hits)).proportion_ci(_CONFIDENCE_LEVEL, method="wilson")
    return {
        "value": round(float(hits.mean()), 4),
        "low": round(float(interval.low), 4),
        "high": round(float(interval.high), 4),
        "count": int(hits.sum()),
        "of": len(hits),
    }


def draw_sources(rows: Sequence[PhotoRow], n_draws: int = _DRAWS, seed: int = _SEED) -> NDArray[np.float32]:
    """How often each photo is in each draw (n_draws, N) of as many sources as there are, with replacement.

    Whole sources are drawn since photos of one source resemble each other: drawn one by one, they would pass for more
    evidence than they are.
    """
    _, source = np.unique([row.group for row in rows], return_inverse=True)
    n_sources = int(source.max(initial=-1)) + 1
    if not n_sources:
        return np.zeros((n_draws, 0), dtype=np.float32)
    drawn = np.random.default_rng(seed).multinomial(n_sources, np.full(n_sources, 1 / n_sources), size=n_draws)
    return drawn[:, source].astype(np.float32)


def estimate(value: float, drawn: NDArray[np.floating[Any]]) -> dict[str, float] | None:
    """A figure with the interval its draws (n_draws,) give; draws without a figure are NaN. None of no figure.

    Bias-corrected percentiles, since a binned calibration error is larger in nearly every draw than in the photos.
    Source: Efron 1981, Nonparametric standard errors and confidence intervals, section 7.
    """
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(drawn):
        return None
    below = (np.sum(drawn < value) + np.sum(drawn == value) / 2 + 0.5) / (len(drawn) + 1)
    tails = np.array([(1 - _CONFIDENCE_LEVEL) / 2, (1 + _CONFIDENCE_LEVEL) / 2])
    low, high = np.quantile(drawn, ndtr(2 * ndtri(below) + ndtri(tails)))
    return {
        "value": round(float(value), 4),
        "low": round(float(min(low, value)), 4),
        "high": round(float(max(high, value)), 4),
    }
