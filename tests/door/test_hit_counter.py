"""A store that is away: who counts meanwhile, how often it is looked for, and what the log says."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import RateLimitItem, RateLimitItemPerMinute, WindowStats
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
        self.forgets_what_is_left = False
        self.together: threading.Barrier | None = None

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        self.n_asked += 1
        if self.together is not None:
            self.together.wait(30)
        if self.is_away:
            raise StorageError(ConnectionError("connection refused"))
        return super().hit(item, *identifiers, cost=cost)

    def get_window_stats(self, item: RateLimitItem, *identifiers: str) -> WindowStats:
        if self.forgets_what_is_left:
            raise StorageError(ConnectionError("connection lost"))
        return super().get_window_stats(item, *identifiers)


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


def test_threads_that_find_it_away_together_pause_once(
    counter: HitCounter, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock, n_threads = Clock(monkeypatch), 8
    store.together = threading.Barrier(n_threads)
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(lambda number: counter.hit(LIMIT, "photos", str(number)), range(n_threads)))
    assert store.n_asked == n_threads
    assert caplog.text.count("their store is away") == 1
    store.together = None
    clock.now += 1.0
    counter.hit(LIMIT, "photos", "a")
    counter.hit(LIMIT, "photos", "a")
    assert store.n_asked == n_threads + 1  # After a second it is looked for again, by one.


def test_what_the_store_has_decided_holds_though_it_goes_before_it_says_what_is_left(
    counter: HitCounter, store: Store
) -> None:
    store.is_away, store.forgets_what_is_left = False, True
    counts = [counter.hit(LIMIT, "photos", "a") for _ in range(4)]
    assert [(count.is_within, count.remaining) for count in counts] == [(True, 0)] * 3 + [(False, 0)]
    assert all(55 < count.reset_at - time.time() <= 60 for count in counts)


def test_clients_who_come_no_more_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = HitCounter("memory://")
    for number in range(1_500):
        counter.hit(LIMIT, "photos", str(number))
    assert len(counter._memory.events) == 1_500
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    for _ in range(1_000):
        counter.hit(LIMIT, "photos", "a")
    assert len(counter._memory.events) == 1
    assert not counter.hit(LIMIT, "photos", "a").is_within
