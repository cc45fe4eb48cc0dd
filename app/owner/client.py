"""The worker's side: a network that another process runs."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from socket import MSG_PEEK, socket
from typing import Any

import numpy as np

from app.errors import BusyError, ModelUnavailableError
from app.inference.network import LOST, Ran
from app.inference.runtime import Array, NetworkOutput
from app.owner.wire import receive, send, share_room


@dataclass(frozen=True)
class _Line:
    """A connection, and the memory in which its photos lie."""

    peer: socket
    room: Array


class OwnedNetwork:
    """Takes photos to the owner, one a connection at a time; connections are kept, and closed with this.

    Thread safety: `run` may be called from any number of threads; each has a connection of its own meanwhile. `_lock`
    guards `_idle`. `_first` is for nothing but to be open: it shows when the owner ends.
    """

    def __init__(self, first: socket, connect: Callable[[], socket], name: str, max_at_once: int, max_s: float) -> None:
        """Made by `app.owner.start.owned_network`.

        Args:
            first: a connection.
            connect: makes another to the same owner; an OSError or EOFError if it has gone.
            name: what runs there.
            max_at_once: photos of this worker that are with the owner; more are refused.
            max_s: longest that the owner is waited for.
        """
        self.name = name
        first.setblocking(False)
        self._first, self._connect, self._max_s = first, connect, max_s
        self._places = threading.BoundedSemaphore(max_at_once)
        self._lock = threading.Lock()
        self._idle: list[_Line] = []
        weakref.finalize(self, _close, first, self._idle)

    @property
    def is_lost(self) -> bool:
        """Whether the owner has ended, which is for good."""
        try:
            return self._first.recv(1, MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def run(self, batch: Array, ensure_wanted: Callable[[], None], *, with_layers: bool = False) -> Ran:
        """See `Network.run`.

        Raises:
            ModelUnavailableError: the owner has ended; this photo is lost with it.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("Too many photos are being looked at right now. Try again in a moment.")
        try:
            ensure_wanted()
            return _ran(*self._ask(batch, with_layers))
        finally:
            self._places.release()

    def _ask(self, batch: Array, with_layers: bool) -> tuple[dict[str, Any], list[Array]]:
        if self.is_lost:  # Another may listen there already, but it is loading.
            raise ModelUnavailableError(LOST)
        try:
            line = self._take(batch.shape)
            try:
                np.copyto(line.room, batch)
                send(line.peer, {"with_layers": with_layers})
                answer = receive(line.peer)
            except BaseException:
                line.peer.close()
                raise
        except TimeoutError as exc:
            raise BusyError("The photo waited too long for its turn. Try again in a moment.") from exc
        except (OSError, EOFError) as exc:
            if self.is_lost:
                raise ModelUnavailableError(LOST) from exc
            raise BusyError("The network could not take this photo. Try again in a moment.") from exc
        with self._lock:
            self._idle.append(line)
        return answer

    def _take(self, shape: tuple[int, ...]) -> _Line:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        peer = self._connect()
        try:
            peer.settimeout(self._max_s)
            return _Line(peer, share_room(peer, shape))
        except BaseException:
            peer.close()
            raise


def _ran(head: dict[str, Any], arrays: list[Array]) -> Ran:
    if head.get("code") == BusyError.code:
        raise BusyError(head["detail"])
    if "code" in head:
        raise RuntimeError(f"the network's owner failed: {head['detail']}")
    logits, embedding, evidence, *layers = arrays
    output = NetworkOutput(logits, embedding, evidence, dict(zip(head["layers"], layers, strict=True)))
    return Ran(output, head["began_s"], head["ended_s"], head["batch_size"], head["is_first"])


def _close(first: socket, idle: list[_Line]) -> None:
    for peer in [first, *(line.peer for line in idle)]:
        with suppress(OSError):
            peer.close()
