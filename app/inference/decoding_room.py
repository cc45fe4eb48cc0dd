"""How many photos are decoded at once: as many as there is memory for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import BusyError


class DecodingRoom:
    """The memory that photos may take together while they are decoded.

    A phone's JPEG takes 30 MB, a 64-megapixel PNG ten times that, a WebP forty times: counting photos would let in too
    many of one kind or too few of the other.

    Thread safety: `_taken`, the bytes that are in use, is read and written under `_changed`.
    """

    def __init__(self, max_bytes: int, max_wait_s: float) -> None:
        self._max_bytes = max_bytes
        self._max_wait_s = max_wait_s
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, n_bytes: int) -> Iterator[None]:
        """Holds so much of the room, once there is; a photo that needs more than all of it has all of it.

        Raises:
            BusyError: there was none for `max_wait_s`.
        """
        share = min(n_bytes, self._max_bytes)
        with self._changed:
            if not self._changed.wait_for(lambda: self._taken + share <= self._max_bytes, self._max_wait_s):
                raise BusyError("Too many large photos are being decoded right now. Try again in a moment.")
            self._taken += share
        try:
            yield
        finally:
            with self._changed:
                self._taken -= share
                self._changed.notify_all()
