"""What counts in a moving window: Redis for all workers together, or this worker's memory; by the library `limits`."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

# A client waits meanwhile, so a Redis that does not answer at once counts as away.
_MAX_STORE_S = 0.25
# Between two looks whether it is back: the first, and the longest.
_MIN_PAUSE_S, _MAX_PAUSE_S = 1.0, 32.0
# `limits` keeps a client whose hits have all expired; so often such ones are dropped.
_HITS_BETWEEN_CLEANINGS = 1_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Count:
    """Whether a hit is within the limit; how many more are, and when there is room again (`time.time`)."""

    is_within: bool
    remaining: int
    reset_at: float


class HitCounter:
    """Counts; while the shared store is away each worker does so in its own memory, and looks for it now and then.

    Thread safety: `limits` has locks of its own; all else is read and written under `_lock`. Of several threads that
    find the store away one looks for it again.
    """

    def __init__(self, store: str) -> None:
        """
        Args:
            store: `memory://` or `redis://…`; whether that is there shows with the first hit.
        """
        self._memory = MemoryStorage()
        self._here = MovingWindowRateLimiter(self._memory)
        is_shared = not store.startswith("memory:")
        self._shared = MovingWindowRateLimiter(storage_from_string(store, **_redis_options())) if is_shared else None
        self._lock = threading.Lock()
        self._retry_at, self._pause_s = 0.0, 0.0  # No pause: the store is there, as far as is known.
        self._n_failures = self._n_hits_here = 0

    def hit(self, limit: RateLimitItem, *names: str, cost: int = 1) -> Count:
        """Counts `cost` hits of who has these names, unless they are more than the limit leaves."""
        count = self._hit_shared(self._shared, limit, names, cost) if self._shared is not None else None
        if count is not None:
            return count
        self._clean_now_and_then()
        return _hit(self._here, limit, names, cost)

    def _hit_shared(
        self, shared: MovingWindowRateLimiter, limit: RateLimitItem, names: tuple[str, ...], cost: int
    ) -> Count | None:
        """Counted in the shared store; None while that is away."""
        n_failures = self._may_ask()
        if n_failures is None:
            return None
        try:
            count = _hit(shared, limit, names, cost)
        except StorageError as exc:
            self._note_away(exc, n_failures)
            return None
        self._note_back()
        return count

    def _may_ask(self) -> int | None:
        """How often the store was found away so far; None while it is, and nobody is to look for it, or one does."""
        with self._lock:
            now = time.monotonic()
            if self._pause_s and now < self._retry_at:
                return None
            self._retry_at = now + self._pause_s
            return self._n_failures

    def _note_away(self, error: StorageError, n_failures: int) -> None:
        """Unless another thread, which asked at the same time, has done so."""
        with self._lock:
            if self._n_failures != n_failures:
                return
            if not self._pause_s:
                _log.warning("rate limits are counted by each worker alone, their store is away: %s", error)
            self._n_failures += 1
            self._pause_s = min(_MAX_PAUSE_S, 2 * self._pause_s or _MIN_PAUSE_S)
            self._retry_at = time.monotonic() + self._pause_s

    def _note_back(self) -> None:
        with self._lock:
            was_away, self._pause_s = bool(self._pause_s), 0.0
        if was_away:
            _log.warning("rate limits are counted in their store again")

    def _clean_now_and_then(self) -> None:
        with self._lock:
            self._n_hits_here += 1
            if self._n_hits_here % _HITS_BETWEEN_CLEANINGS:
                return
        held, now = self._memory.events, time.time()
        for key in list(held):
            with self._memory.locks[key]:
                hits = held.get(key)  # The latest first.
                if not hits or hits[0].expiry <= now:
                    held.pop(key, None)
                    self._memory.locks.pop(key, None)


def _hit(limiter: MovingWindowRateLimiter, limit: RateLimitItem, names: tuple[str, ...], cost: int) -> Count:
    """Raises StorageError where it cannot be counted; where it was, and no more can be told, nothing is left."""
    is_within = limiter.hit(limit, *names, cost=cost)
    try:
        reset_at, remaining = limiter.get_window_stats(limit, *names)
    except StorageError:
        reset_at, remaining = time.time() + limit.get_expiry(), 0
    return Count(is_within, max(0, remaining), reset_at)


def _redis_options() -> dict[str, Any]:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "key_prefix": "which-park",
        "socket_connect_timeout": _MAX_STORE_S,
        "socket_timeout": _MAX_STORE_S,
        "retry": Retry(NoBackoff(), 0),
        "wrap_exceptions": True,
    }
