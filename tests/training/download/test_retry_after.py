"""Retry-After: seconds, or a date."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from training.download.retry_after import parse_retry_after

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("120", 120.0),
        ("1.5", 1.5),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        ("Thu, 01 Jan 2026 00:01:00", 60.0),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0.0),
    ],
)
def test_it_is_seconds_from_now(text: str | None, seconds: float | None) -> None:
    assert parse_retry_after(text, NOW) == seconds
