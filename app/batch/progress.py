"""How far a run is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from tqdm import tqdm


class Progress:
    """Counts photos up to a total. `close` it."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._bar = tqdm(total=total, unit="photo", desc="classify", disable=None, smoothing=0.05)
        self._total, self._clock, self._began = total, clock, clock()
        self.n_done = 0

    def add(self, n_photos: int) -> None:
        """So many more are done."""
        self.n_done += n_photos
        self._bar.update(n_photos)

    def say(self) -> None:
        """Says in a log what the bar says on a terminal."""
        if not sys.stderr.isatty():
            print(f"{self.n_done:,} of {self._total:,} photos, {self._pace()}", file=sys.stderr, flush=True)

    @property
    def spent_s(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._began

    @property
    def per_s(self) -> float:
        """Photos a second so far."""
        return self.n_done / max(self.spent_s, 1e-9)

    def close(self) -> None:
        """Leaves the bar as it stands."""
        self._bar.close()

    def _pace(self) -> str:
        left_s = (self._total - self.n_done) / max(self.per_s, 1e-9)
        return f"{self.per_s:.1f} a second, {left_s / 60:,.0f} min left"
