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
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 32.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Count:
    """Whether a hit is within the limit; how many more are, and when there is room again (`time.time`)."""

    is_within: bool
    remaining: int
    reset_at: float


class HitCounter:
    """Counts; while the shared store is away each worker does so in its own memory, and looks for it now and then.

    Thread safety: `limits` has locks of its own. `_retry_at` and `_pause_s` are written under `_lock`.
    """

    def __init__(self, store: str) -> None:
        """
        Args:
            store: `memory://` or `redis://…`; whether that is there shows with the first hit.
        """
        self._here = MovingWindowRateLimiter(MemoryStorage())
        is_shared = not store.startswith("memory:")
        self._shared = MovingWindowRateLimiter(storage_from_string(store, **_redis_options())) if is_shared else None
        self._lock = threading.Lock()
        self._retry_at, self._pause_s = 0.0, 0.0

    def hit(self, limit: RateLimitItem, *names: str, cost: int = 1) -> Count:
        """Counts `cost` hits of who has these names, unless they are more than the limit leaves."""
        if self._shared is not None and time.monotonic() >= self._retry_at:
            try:
                count = _hit(self._shared, limit, names, cost)
            except StorageError as exc:
                self._note_away(exc)
            else:
                self._note_back()
                return count
        return _hit(self._here, limit, names, cost)

    def _note_away(self, error: StorageError) -> None:
        with self._lock:
            if not self._pause_s:
                _log.warning("rate limits are counted by each worker alone, their store is away: %s", error)
            self._pause_s = min(_LONGEST_PAUSE_S, 2 * self._pause_s or _FIRST_PAUSE_S)
            self._retry_at = time.monotonic() + self._pause_s

    def _note_back(self) -> None:
        if not self._pause_s:
            return
        with self._lock:
            self._pause_s = 0.0
        _log.warning("rate limits are counted in their store again")


def _hit(limiter: MovingWindowRateLimiter, limit: RateLimitItem, names: tuple[str, ...], cost: int) -> Count:
    is_within = limiter.hit(limit, *names, cost=cost)
    reset_at, remaining = limiter.get_window_stats(limit, *names)
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
