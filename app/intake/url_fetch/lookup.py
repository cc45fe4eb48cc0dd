"""A host's name -> its IP addresses, within a deadline."""

from __future__ import annotations

import ipaddress
import socket
import threading
from queue import Empty, SimpleQueue

from app.errors import BusyError
from app.intake.url_fetch.limits import Deadline
from app.intake.url_fetch.photo_url import IPAddress


class SystemLookup:
    """The system's own resolver, which knows no deadline: each question gets a thread that may be left behind.

    Thread safety: callable from any thread. `_places` bounds the threads that are still waiting for an answer, so
    that a stranger's slow name server cannot make more of them than `max_lookups`.
    """

    def __init__(self, max_lookups: int) -> None:
        self._places = threading.BoundedSemaphore(max_lookups)

    def __call__(self, host: str, deadline: Deadline) -> list[IPAddress]:
        """All addresses of a host; none if there is no such host.

        Raises:
            TimeoutError: the answer does not come in time.
            BusyError: too many questions wait for an answer.
        """
        left_s = deadline.left_s()
        if not self._places.acquire(blocking=False):
            raise BusyError("Too many addresses are being looked up right now. Try again in a moment.")
        answers: SimpleQueue[list[IPAddress]] = SimpleQueue()
        try:
            threading.Thread(target=self._ask, args=(host, answers), name="lookup", daemon=True).start()
        except RuntimeError as exc:  # The system gives no more threads.
            self._places.release()
            raise BusyError("Too many addresses are being looked up right now. Try again in a moment.") from exc
        try:
            return answers.get(timeout=left_s)
        except Empty:
            raise TimeoutError from None

    def _ask(self, host: str, answers: SimpleQueue[list[IPAddress]]) -> None:
        try:
            answers.put(_addresses(host))
        finally:
            self._places.release()


def _addresses(host: str) -> list[IPAddress]:
    """The dot makes the name whole: without it the system might try `example.org.` inside our own domains."""
    try:
        rows = socket.getaddrinfo(f"{host}.", None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except OSError:
        return []
    return [ipaddress.ip_address(str(row[4][0])) for row in rows]
