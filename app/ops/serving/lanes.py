"""The threads that answer: some for photos, with a queue that has an end, and some for everything that is quick."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from app.ops.serving.connection import Connection

_LIGHT_THREADS = 2
_AT_REST_S = 1.0

Answer = Callable[[Connection], bool]


class Lanes:
    """Photos have `threads` threads and `max_queue` places to wait; all else has two threads, which no photo holds.

    Thread safety: the worker's loop alone calls it.
    """

    def __init__(self, threads: int, max_queue: int) -> None:
        self.photos = ThreadPoolExecutor(threads)
        self._light = ThreadPoolExecutor(_LIGHT_THREADS)
        self._threads = threads
        self._n_places = threads + max_queue
        self._taken: dict[Connection, Future[bool]] = {}
        self._left_s: float | None = None

    @property
    def n_answering(self) -> int:
        """Photos that threads have."""
        return min(len(self._taken), self._threads)

    @property
    def n_queued(self) -> int:
        """Photos that wait for a thread."""
        return len(self._taken) - self.n_answering

    def has_place(self) -> bool:
        """Whether one more photo may wait. When there is none left, those whose clients have gone lose theirs."""
        if len(self._taken) >= self._n_places:
            for conn, given in list(self._taken.items()):
                if conn.sock.is_gone() and given.cancel():
                    del self._taken[conn]
        return len(self._taken) < self._n_places

    def look_at(self, conn: Connection, answer: Answer) -> Future[bool]:
        """Gives a request with a photo to a thread, or lets it wait for one; ask `has_place` before."""
        given = self._taken[conn] = self.photos.submit(answer, conn)
        return given

    def do_quickly(self, conn: Connection, answer: Answer) -> Future[bool]:
        """Gives another request to a thread."""
        return self._light.submit(answer, conn)

    def leave(self, conn: Connection) -> None:
        """After its answer."""
        if self._taken.pop(conn, None) is not None:
            self._left_s = time.monotonic()

    def come_to_rest(self, now_s: float) -> bool:
        """Whether photos were answered, and since a second there is none; asked once, it begins anew."""
        if self._left_s is None or self._taken or now_s - self._left_s < _AT_REST_S:
            return False
        self._left_s = None
        return True
