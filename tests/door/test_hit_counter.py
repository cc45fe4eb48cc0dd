"""A store that is away: who counts meanwhile, how often it is looked for, and what the log says."""

from __future__ import annotations

import logging
import time

import pytest
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.door.hit_counter import HitCounter

LIMIT = RateLimitItemPerMinute(3)


class Store(MovingWindowRateLimiter):
    """Stands in for Redis, and may be away; `n_asked` is how often it was looked for."""

    def __init__(self) -> None:
        super().__init__(MemoryStorage())
        self.is_away, self.n_asked = True, 0

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        self.n_asked += 1
        if self.is_away:
            raise StorageError(ConnectionError("connection refused"))
        return super().hit(item, *identifiers, cost=cost)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def counter(store: Store) -> HitCounter:
    counter = HitCounter("memory://")
    counter._shared = store
    return counter


class Clock:
    """`time.monotonic`, which moves when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


def test_hits_are_counted_up_to_the_limit_and_what_is_left_is_told() -> None:
    counts = [HitCounter("memory://").hit(LIMIT, "photos", "a", cost=cost) for cost in (1, 3, 4)]
    assert [(count.is_within, count.remaining) for count in counts] == [(True, 2), (True, 0), (False, 3)]


def test_a_store_that_is_away_is_looked_for_after_pauses_that_double(
    counter: HitCounter, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, looked = Clock(monkeypatch), []
    for _ in range(100):
        before = store.n_asked
        counter.hit(LIMIT, "photos", "a")
        looked += [clock.now - 1_000.0] if store.n_asked > before else []
        clock.now += 1.0
    assert looked == [0, 1, 3, 7, 15, 31, 63, 95]


def test_meanwhile_the_worker_counts_itself_and_the_log_says_so_once(
    counter: HitCounter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    clock = Clock(monkeypatch)
    found = []
    for _ in range(5):
        found.append(counter.hit(LIMIT, "photos", "a").is_within)
        clock.now += 40.0
    assert found == [True, True, True, False, False]
    assert caplog.text.count("their store is away: connection refused") == 1


def test_when_it_is_back_it_counts_and_the_log_says_so(
    counter: HitCounter, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    clock = Clock(monkeypatch)
    counter.hit(LIMIT, "photos", "a", cost=3)
    store.is_away = False
    assert not counter.hit(LIMIT, "photos", "a").is_within  # Not looked for yet.
    clock.now += 1.0
    assert [counter.hit(LIMIT, "photos", "a").remaining for _ in range(2)] == [2, 1]
    assert caplog.text.count("counted in their store again") == 1
    store.is_away = True
    counter.hit(LIMIT, "photos", "b")
    clock.now += 1.0
    before = store.n_asked
    counter.hit(LIMIT, "photos", "b")
    assert store.n_asked == before + 1  # The pauses begin anew.
