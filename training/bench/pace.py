"""How fast something went: by the clock, and by what it took of the processor, which others' work hardly changes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Photos a second of the clock, and of processor time (all threads together)."""

    per_s: float
    per_cpu_s: float

    def over(self, other: Pace) -> Pace:
        """How many times as fast as another."""
        return Pace(self.per_s / other.per_s, self.per_cpu_s / other.per_cpu_s)


class Watch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._clock, self._cpu = time.perf_counter(), time.process_time()

    def pace(self, n_photos: int) -> Pace:
        """Of so many photos since then."""
        return Pace(n_photos / (time.perf_counter() - self._clock), n_photos / (time.process_time() - self._cpu))


def median_pace(paces: Sequence[Pace]) -> Pace:
    """The median of each figure by itself."""
    return Pace(statistics.median(pace.per_s for pace in paces), statistics.median(pace.per_cpu_s for pace in paces))
