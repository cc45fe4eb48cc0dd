"""The queue in front of the network: who waits, who runs it, and with how many photos at once."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile

import numpy as np

from app.errors import BusyError
from app.inference.network import Ran
from app.inference.runtime import Array, OutOfDeviceMemoryError, Runtime

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Waiting:
    """One photo in the queue. `ensure_wanted` may be called from any thread; `found` is what became of the photo."""

    batch: Array
    ensure_wanted: Callable[[], None]
    with_layers: bool
    found: Ran | BaseException | None = None


class NetworkQueue:
    """Takes photos through the network: up to `runtime.max_batch` together, `runtime.parallel` such batches at once.

    No thread belongs to it. Whoever is among the first of those that wait, while the network is free, takes all the
    first ones through it, for the others too. So a photo that finds the network idle never waits for a batch to fill,
    and while one batch is in the network the next one gathers.
    Source: flat combining (Hendler, Incze, Shavit, Tzafrir 2010).

    Thread safety: `run` may be called from any number of threads. `_waiting`, `_n_running` and `_max_batch` are read
    and written under `_changed`.
    """

    is_lost = False  # It ends with its process.

    def __init__(self, runtime: Runtime, max_waiting: int, max_wait_s: float) -> None:
        self.name = runtime.name
        self._runtime = runtime
        self._max_waiting = max_waiting
        self._max_wait_s = max_wait_s
        self._max_batch = runtime.max_batch
        self._waiting: deque[_Waiting] = deque()
        self._n_running = 0
        self._changed = threading.Condition()

    def run(self, batch: Array, ensure_wanted: Callable[[], None], *, with_layers: bool = False) -> Ran:
        """See `Network.run`.

        Raises:
            BusyError: `max_waiting` photos wait already, this one waited too long, or the device has no memory for it.
        """
        mine = _Waiting(batch, partial(copy_context().run, ensure_wanted), with_layers)
        self._enter(mine)
        while mine.found is None:
            taken = self._wait_for_turn(mine)
            if taken:
                self._take_through(taken)
        if isinstance(mine.found, BaseException):
            raise mine.found
        return mine.found

    def _enter(self, mine: _Waiting) -> None:
        with self._changed:
            n_places = self._max_waiting + (self._runtime.parallel - self._n_running) * self._max_batch
            if len(self._waiting) >= n_places:
                raise BusyError("Too many photos are being looked at right now. Try again in a moment.")
            self._waiting.append(mine)

    def _wait_for_turn(self, mine: _Waiting) -> list[_Waiting]:
        """The photos to be taken through the network by this thread; none when another thread has done it."""
        with self._changed:
            if not self._changed.wait_for(lambda: mine.found or self._is_next(mine), self._max_wait_s):
                self._give_up(mine)
            if mine.found is not None:
                return []
            self._n_running += 1
            return [self._waiting.popleft() for _ in range(self._n_alike())]

    def _n_alike(self) -> int:
        """How many of the first ones go through the network together: all with their layers, or all without."""
        first = list(islice(self._waiting, self._max_batch))
        return sum(1 for _ in takewhile(lambda photo: photo.with_layers is first[0].with_layers, first))

    def _is_next(self, mine: _Waiting) -> bool:
        return self._n_running < self._runtime.parallel and mine in islice(self._waiting, self._max_batch)

    def _give_up(self, mine: _Waiting) -> None:
        """After `max_wait_s`. A photo that is in the network by now is not given up unless that lasts as long again."""
        if mine not in self._waiting and self._changed.wait_for(lambda: mine.found, self._max_wait_s):
            return
        if mine in self._waiting:
            self._waiting.remove(mine)
        raise BusyError("The photo waited too long for its turn. Try again in a moment.")

    def _take_through(self, taken: list[_Waiting]) -> None:
        """Runs the network once; each of the photos finds its part of the output, or the error."""
        wanted = [photo for photo in taken if _is_wanted(photo)]
        try:
            if wanted:
                self._run(wanted)
        except OutOfDeviceMemoryError as exc:
            self._shrink(wanted, exc)
        except BaseException as exc:
            for photo in wanted:
                photo.found = exc
        finally:
            with self._changed:
                self._n_running -= 1
                self._changed.notify_all()

    def _run(self, photos: list[_Waiting]) -> None:
        began = time.monotonic()
        batch = np.concatenate([photo.batch for photo in photos])
        output = self._runtime.run(batch, with_layers=photos[0].with_layers)
        ended = time.monotonic()
        for index, photo in enumerate(photos):
            photo.found = Ran(output.only(index), began, ended, len(photos), index == 0)

    def _shrink(self, photos: list[_Waiting], error: OutOfDeviceMemoryError) -> None:
        """Half as many from now on; these wait again, as the first ones."""
        if len(photos) == 1:
            photos[0].found = BusyError("The device has no memory left for this photo. Try again in a moment.")
            return
        with self._changed:
            self._max_batch = min(self._max_batch, len(photos) // 2)
            self._waiting.extendleft(reversed(photos))
        _log.warning("out of memory with %d photos at once, at most %d from now on", len(photos), self._max_batch)


def _is_wanted(photo: _Waiting) -> bool:
    try:
        photo.ensure_wanted()
    except Exception as exc:
        photo.found = exc
    return photo.found is None
