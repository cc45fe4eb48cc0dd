"""95 % intervals: Wilson's for shares, the bootstrap for all else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

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


def draw_photos(n: int, n_draws: int = _DRAWS, seed: int = _SEED) -> NDArray[np.float32]:
    """How often each of n photos is in each draw, (n_draws, n), of n photos with replacement: the bootstrap.

    Photos count as independent, as in Wilson's interval; those of one source are not quite. Drawing whole sources
    would honour that, but with few of them and a large one the draws say more of the mix of labels than of the model.
    """
    if not n:
        return np.zeros((n_draws, 0), dtype=np.float32)
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_draws).astype(np.float32)


def draw_groups(groups: Sequence[str], n_draws: int = _DRAWS, seed: int = _SEED) -> NDArray[np.float32]:
    """How often each of n photos is in each draw, (n_draws, n), of as many groups as there are, with replacement.

    The bootstrap for what is to hold for photos of other groups: those of one come and go together.
    """
    names, index = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    return draw_photos(len(names), n_draws, seed)[:, index]


def estimate(value: float, drawn: NDArray[np.floating[Any]]) -> dict[str, float] | None:
    """A figure with the interval its draws (n_draws,) give; draws without a figure are NaN. None of no figure.

    The percentiles of the draws. A binned calibration error is larger in nearly every draw than in the photos, so its
    interval errs on the high side; it is widened to hold the figure.
    Source: Efron 1981, Nonparametric standard errors and confidence intervals, section 7.
    """
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(drawn):
        return None
    low, high = np.quantile(drawn, [(1 - _CONFIDENCE_LEVEL) / 2, (1 + _CONFIDENCE_LEVEL) / 2])
    return {
        "value": round(float(value), 4),
        "low": round(float(min(low, value)), 4),
        "high": round(float(max(high, value)), 4),
    }
