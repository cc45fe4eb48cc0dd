"""The owner's side: one thread that reads what workers want, and takes through the network what has gathered."""

from __future__ import annotations

import logging
import selectors
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, takewhile
from socket import socket
from typing import Any

import numpy as np

from app.errors import BusyError, WhichParkError
from app.inference.runtime import Array, NetworkOutput, OutOfDeviceMemoryError, Runtime
from app.owner.wire import receive, send, take_room

_log = logging.getLogger(__name__)

_LOOK_S = 0.5
_MAX_MESSAGE_S = 1.0  # A message is small enough to be sent at once, whether the other end reads or not.
_MAX_FAILURES = 3


@dataclass(frozen=True)
class Offer:
    """What everyone who connects is told first: the `runtime` that is here, or why there is none."""

    runtime: Runtime | None = None
    error: WhichParkError | None = None

    @property
    def head(self) -> dict[str, Any]:
        """`name`, or the `code` and the `detail` of an error, or neither: there is no CUDA here."""
        if self.error is not None:
            return {"code": self.error.code, "detail": str(self.error)}
        return {"name": self.runtime.name} if self.runtime is not None else {}


@dataclass(eq=False)
class _Line:
    """A connection; `room` is where its photos lie, from its first one on."""

    peer: socket
    room: Array | None = None


@dataclass(frozen=True)
class _Photo:
    """A photo that waits."""

    line: _Line
    room: Array
    with_layers: bool


class Owner:
    """Answers workers until none has been connected for a while.

    What has come while a batch was in the network is the next batch: a photo that finds the network idle goes at once.
    Thread safety: none, it is one thread's.
    """

    def __init__(self, listener: socket, offer: Offer, is_reachable: Callable[[], bool] = lambda: True) -> None:
        """`is_reachable` says whether workers still find the listener."""
        listener.setblocking(False)
        self._listener, self._offer, self._is_reachable = listener, offer, is_reachable
        self._n_failures = 0
        self._max_batch = offer.runtime.max_batch if offer.runtime else 0
        self._waiting: deque[_Photo] = deque()
        self._batch: Array | None = None
        self._lines = selectors.DefaultSelector()
        self._lines.register(listener, selectors.EVENT_READ)
        self._left = self._looked = time.monotonic()

    def serve(self, max_idle_s: float) -> None:
        """Returns once nobody has been connected for that long; or nobody could be any more, or the network only fails:
        then the workers, whose connections end, start another.
        """
        try:
            while not self._is_idle(max_idle_s) and not self._is_of_no_use():
                for key, _ in self._lines.select(0 if self._waiting else min(_LOOK_S, max_idle_s)):
                    if key.fileobj is self._listener:
                        self._let_all_in()
                    else:
                        self._read(key.data)
                if self._waiting:
                    self._take_through(self._next())
        finally:
            for key in list(self._lines.get_map().values()):
                if key.data is not None:
                    self._leave(key.data)
            self._lines.close()

    def _is_idle(self, max_idle_s: float) -> bool:
        return len(self._lines.get_map()) == 1 and time.monotonic() - self._left >= max_idle_s

    def _is_of_no_use(self) -> bool:
        if self._n_failures >= _MAX_FAILURES:
            _log.error("the network failed %d times in a row, so this process ends", self._n_failures)
            return True
        if time.monotonic() - self._looked < _LOOK_S:
            return False
        self._looked = time.monotonic()
        if not self._is_reachable():
            _log.error("somebody has removed this process's socket, so it ends")
            return True
        return False

    def _let_all_in(self) -> None:
        with suppress(OSError):  # There are no more; or one has gone already.
            while True:
                self._let_in(self._listener.accept()[0])

    def _let_in(self, peer: socket) -> None:
        peer.settimeout(_MAX_MESSAGE_S)
        line = _Line(peer)
        self._lines.register(peer, selectors.EVENT_READ, line)
        if not self._told(line, self._offer.head) or self._offer.runtime is None:
            self._leave(line)

    def _read(self, line: _Line) -> None:
        try:
            if line.room is None:
                line.room = take_room(line.peer)
            else:
                head, _ = receive(line.peer)
                self._waiting.append(_Photo(line, line.room, head["with_layers"]))
        except (EOFError, OSError):  # It has gone, as it does when it is done.
            self._leave(line)
        except Exception:  # Of one line; the others go on.
            _log.exception("a worker's message has no sense")
            self._leave(line)

    def _leave(self, line: _Line) -> None:
        """A photo of it that waits is forgotten: nobody would take its outputs."""
        if line.peer.fileno() == -1:
            return
        self._lines.unregister(line.peer)
        line.peer.close()
        self._waiting = deque(photo for photo in self._waiting if photo.line is not line)
        if self._offer.runtime is not None:  # An error is told to those who wait for it; later ones try anew.
            self._left = time.monotonic()

    def _told(self, line: _Line, head: dict[str, Any], arrays: tuple[Array, ...] = ()) -> bool:
        try:
            send(line.peer, head, arrays)
        except OSError:
            return False
        return True

    def _next(self) -> list[_Photo]:
        """The first ones that go through the network together: all with their layers, or all without."""
        first = list(islice(self._waiting, self._max_batch))
        alike = takewhile(lambda photo: photo.with_layers is first[0].with_layers, first)
        return [self._waiting.popleft() for _ in list(alike)]

    def _take_through(self, photos: list[_Photo]) -> None:
        assert self._offer.runtime is not None
        began = time.monotonic()
        try:
            output = self._offer.runtime.run(self._together(photos), with_layers=photos[0].with_layers)
        except OutOfDeviceMemoryError:
            self._shrink(photos)
        except Exception as exc:  # A bug of ours, or the device's: these are answered with it, and this goes on.
            _log.exception("the network failed")
            self._n_failures += 1
            self._refuse(photos, WhichParkError.code, repr(exc))
        else:
            self._n_failures = 0
            self._answer(photos, output, began)

    def _together(self, photos: list[_Photo]) -> Array:
        """A batch of them, in memory that is kept: new memory would cost as much as the copying."""
        if self._batch is None or self._batch.shape[1:] != photos[0].room.shape[1:]:
            self._batch = np.empty((self._max_batch, *photos[0].room.shape[1:]), np.float32)
        return np.concatenate([photo.room for photo in photos], out=self._batch[: len(photos)])

    def _shrink(self, photos: list[_Photo]) -> None:
        """Half as many from now on; these wait again, as the first ones."""
        if len(photos) == 1:
            self._refuse(photos, BusyError.code, "The device has no memory left for this photo. Try again in a moment.")
        else:
            self._max_batch = len(photos) // 2
            self._waiting.extendleft(reversed(photos))
            _log.warning("out of memory with %d photos at once, at most %d from now on", len(photos), self._max_batch)

    def _refuse(self, photos: list[_Photo], code: str, detail: str) -> None:
        for photo in photos:
            if not self._told(photo.line, {"code": code, "detail": detail}):
                self._leave(photo.line)

    def _answer(self, photos: list[_Photo], output: NetworkOutput, began: float) -> None:
        times = {"began_s": began, "ended_s": time.monotonic(), "batch_size": len(photos)}
        for index, photo in enumerate(photos):
            mine = output.only(index)
            head = {**times, "is_first": index == 0, "layers": list(mine.layers)}
            if not self._told(photo.line, head, (mine.logits, mine.embedding, mine.evidence, *mine.layers.values())):
                self._leave(photo.line)
