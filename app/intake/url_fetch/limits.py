"""Limits on what is fetched for one request, and the two that are used up: time and bytes."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from app.errors import UrlTooLargeError


@dataclass(frozen=True)
class FetchLimits:
    """What fetching may cost.

    `max_bytes` and `max_s` are for all photos of one request together; `max_fetches` requests fetch at once, each at
    most `max_parallel` photos. Of one host `max_dials` addresses are tried.
    """

    max_bytes: int = 20_000_000
    max_s: float = 10.0
    max_fetches: int = 2
    max_parallel: int = 4
    max_redirects: int = 3
    max_dials: int = 4

    @property
    def max_lookups(self) -> int:
        """Names that may wait for their answer. The system's resolver may try for 30 s where a request waits for 10:
        enough for all that fetch now, and for what those before them left behind.
        """
        return 4 * self.max_fetches * self.max_parallel


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end_s = time.monotonic() + seconds

    def left_s(self) -> float:
        """Seconds until then, more than 0.

        Raises:
            TimeoutError: there are none left.
        """
        left_s = self._end_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


class ByteBudget:
    """Bytes that may still be fetched for one request.

    Thread safety: its fetches share it; `_lock` guards `_left`.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._left = max_bytes
        self._lock = threading.Lock()

    def take(self, n_bytes: int) -> None:
        """Uses some up.

        Raises:
            UrlTooLargeError: there are not so many left.
        """
        with self._lock:
            self._left -= n_bytes
            enough = self._left >= 0
        if not enough:
            raise self.used_up()

    def ensure_room(self, n_bytes: int) -> None:
        """For so many bytes, which are only announced.

        Raises:
            UrlTooLargeError: there are not so many left.
        """
        with self._lock:
            enough = n_bytes <= self._left
        if not enough:
            raise self.used_up()

    def used_up(self) -> UrlTooLargeError:
        """The error that says so."""
        return UrlTooLargeError(
            f"At most {self._max_bytes / 1e6:g} MB are fetched for one request, all its photos together. "
            "Name a smaller copy of the photo, or fewer photos."
        )
