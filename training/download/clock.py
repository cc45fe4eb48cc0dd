"""The time, as one object, so that a test can hold it in its hand."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """The machine's clocks."""

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def now(self) -> datetime:
        """The wall clock, UTC; only for Retry-After, which may be a date."""
        return datetime.now(UTC)
