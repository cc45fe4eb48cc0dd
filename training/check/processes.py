"""Work on many files in several processes, none of which a file can bring down for good."""

from __future__ import annotations

import queue
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_MAX_START_S = 120.0  # Imports on a busy machine with a cold disk; far beyond it nothing will come any more.
_MAX_EXIT_S = 2.0


def results_in_order(
    work: Callable[[Item], Result], items: Sequence[Item], *, n_workers: int, max_item_s: float
) -> Iterator[Result | None]:
    """What `work` makes of each item, in the items' order; None for an item that ended its process or took too long.

    Each worker is a process of its own, started afresh (spawned: thread pools and CUDA do not survive a fork). One that
    dies of an item, as decoders in C may, is replaced, and the next item goes on.

    Args:
        work: a function of a module, so that another process can import it; it must not raise.
        n_workers: processes; with 0, all is done in this one, where nothing can be ended.
        max_item_s: the longest one item may take.
    Raises:
        RuntimeError: no process can be started (a bug, or a machine without memory): no item is to blame.
    """
    if n_workers == 0:
        yield from map(work, items)
        return
    with ExitStack() as stack:
        free: queue.SimpleQueue[_Worker[Item, Result]] = queue.SimpleQueue()
        for _ in range(min(n_workers, len(items))):
            free.put(stack.enter_context(_Worker(work, max_item_s)))
        threads = ThreadPoolExecutor(n_workers, thread_name_prefix="worker")
        stack.callback(threads.shutdown, cancel_futures=True)  # Before the workers end: left early, nothing waits.
        yield from threads.map(lambda item: _ask_one(free, item), items)


def _ask_one(free: queue.SimpleQueue[_Worker[Item, Result]], item: Item) -> Result | None:
    worker = free.get()
    try:
        return worker.ask(item)
    finally:
        free.put(worker)


class _Worker(Generic[Item, Result]):
    """One process that does the work, and its pipe.

    Thread safety: none; whoever took it from the queue of free workers owns it until it is put back.
    """

    def __init__(self, work: Callable[[Item], Result], max_item_s: float) -> None:
        self._work = work
        self._max_item_s = max_item_s

    def __enter__(self) -> _Worker[Item, Result]:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._work, theirs))
        self._process.start()
        self._is_ready = False
        theirs.close()  # Else its end would still be open here after the process has died, and nobody would notice.
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.join(_MAX_EXIT_S)
        self._process.kill()
        self._process.join()

    def ask(self, item: Item) -> Result | None:
        """The result for one item, or None after the process had to be replaced."""
        self._ensure_ready()
        with suppress(EOFError, OSError):  # It died: the same as one that answers too late.
            self._pipe.send(item)
            if self._pipe.poll(self._max_item_s):
                result: Result = self._pipe.recv()
                return result
        self._process.kill()
        self.__exit__()
        self.__enter__()
        return None

    def _ensure_ready(self) -> None:
        if self._is_ready:
            return
        with suppress(EOFError, OSError):  # It ended before it began.
            self._is_ready = self._pipe.poll(_MAX_START_S) and self._pipe.recv()
        if not self._is_ready:
            raise RuntimeError("a worker process could not be started")


def _serve(work: Callable[[Any], Any], pipe: Connection) -> None:
    """A worker's life: answers until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one.
    try:
        pipe.send(True)
        while True:
            pipe.send(work(pipe.recv()))
    except (EOFError, BrokenPipeError):
        return
