"""Limits on what is kept. Imports nothing."""

from __future__ import annotations

from dataclasses import dataclass

_DAY_S = 86_400


@dataclass(frozen=True)
class FeedbackLimits:
    """What may be kept, and how long.

    `max_feedback` entries with `max_feedback_bytes` of photos in all; nothing is older than `max_feedback_days`. The
    longest side of a photo is at most `max_feedback_px`. `max_feedback_s` bounds the wait for the database.
    """

    max_feedback: int = 100_000
    max_feedback_bytes: int = 1_000_000_000
    max_feedback_days: int = 180
    max_feedback_px: int = 1024
    max_feedback_s: float = 5.0

    @property
    def max_age_s(self) -> int:
        """The oldest that an entry gets, in seconds."""
        return self.max_feedback_days * _DAY_S
