"""Fixtures, layered: standin, clock, limits -> client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.training.download.standin import Standin, running_standin
from training.download.clock import Clock
from training.download.limits import DownloadLimits
from training.download.polite_client import PoliteClient
from training.download.site import Site
from training.download.user_agent import make_user_agent

HERE = Site(("127.0.0.1",))


class FakeClock(Clock):
    """Time that passes only by sleeping, and by `step_s` at every look at it."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.step_s = 0.0
        self._now_s = 1000.0

    def monotonic_s(self) -> float:
        self._now_s += self.step_s
        return self._now_s

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.slept.append(seconds)
        self._now_s += seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._now_s - 1000.0)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def standin() -> Iterator[Standin]:
    with running_standin() as standin:
        yield standin


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def limits() -> DownloadLimits:
    return DownloadLimits(max_bytes=200_000, max_answer_bytes=100_000, min_pause_s=0.0, per_label=20)


@pytest.fixture
def client(limits: DownloadLimits, clock: FakeClock) -> Iterator[PoliteClient]:
    with PoliteClient(make_user_agent("me@example.org", "1.2"), limits, clock) as client:
        yield client
