"""A small client that costs next to nothing: whole requests, made beforehand, over kept connections of this machine."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

_ANSWER_S = 60.0


@dataclass
class Answers:
    """What came back: seconds of each answer that was a 200, and how many others there were by status.

    Thread safety: `add` may be called from any thread.
    """

    seconds: list[float] = field(default_factory=list)
    others: dict[int, int] = field(default_factory=dict)
    taken_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, status: int, seconds: float) -> None:
        """Notes an answer."""
        with self._lock:
            if status == 200:
                self.seconds.append(seconds)
            else:
                self.others[status] = self.others.get(status, 0) + 1

    @property
    def per_s(self) -> float:
        """Answers with 200 a second."""
        return len(self.seconds) / self.taken_s

    def percentile_ms(self, share: float) -> float:
        """The time in milliseconds that this share of the answers did not exceed."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def post(path: str, body: bytes, content_type: str) -> bytes:
    """A whole HTTP/1.1 request."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


class Client:
    """One kept connection. Thread safety: none, a thread has its own."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._sock: socket.socket | None = None

    def ask(self, request: bytes) -> int:
        """Sends a request, reads the whole answer, and gives its status; 0 if the connection broke."""
        try:
            if self._sock is None:
                self._sock = socket.create_connection(("127.0.0.1", self._port), _ANSWER_S)
                self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sock.sendall(request)
            return self._read_answer(self._sock)
        except OSError:
            self.close()
            return 0

    def _read_answer(self, sock: socket.socket) -> int:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._some(sock)
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines[1:])
        missing = int(headers.get(b"content-length", b"0")) - len(body)
        while missing > 0:
            missing -= len(self._some(sock))
        if headers.get(b"connection") == b"close":
            self.close()
        return int(lines[0].split()[1])

    @staticmethod
    def _some(sock: socket.socket) -> bytes:
        data = sock.recv(1 << 18)
        if not data:
            raise ConnectionError("closed")
        return data

    def close(self) -> None:
        """Ends the connection."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def ask_in_a_loop(port: int, request: bytes, *, clients: int, seconds: float) -> Answers:
    """So many clients, each of which asks again as soon as it has its answer."""
    answers, end = Answers(), time.perf_counter() + seconds

    def ask_on() -> None:
        client = Client(port)
        while time.perf_counter() < end:
            began = time.perf_counter()
            answers.add(client.ask(request), time.perf_counter() - began)
        client.close()

    answers.taken_s = run_at_once([ask_on] * clients)
    return answers


def ask_at_a_rate(port: int, request: bytes, *, per_s: float, clients: int, seconds: float, at_random: bool) -> Answers:
    """So many requests a second, evenly or at random moments (a Poisson process); one that finds all of the clients
    busy waits for one, and its waiting counts.
    """
    moments = _random_moments(per_s, seconds) if at_random else [n / per_s for n in range(int(per_s * seconds))]
    answers, lock, began = Answers(), threading.Lock(), time.perf_counter()
    upcoming = iter(moments)

    def ask_when_due() -> None:
        client = Client(port)
        while True:
            with lock:
                due = next(upcoming, None)
            if due is None:
                break
            time.sleep(max(0.0, began + due - time.perf_counter()))
            answers.add(client.ask(request), time.perf_counter() - began - due)
        client.close()

    answers.taken_s = run_at_once([ask_when_due] * clients)
    return answers


def _random_moments(per_s: float, seconds: float) -> list[float]:
    draw = random.Random(0)
    moments, at = [], draw.expovariate(per_s)
    while at < seconds:
        moments.append(at)
        at += draw.expovariate(per_s)
    return moments


def count_at_once(work: Callable[[], object], n_threads: int, seconds: float) -> tuple[int, float]:
    """How often the work was done in so many threads, each of which does it again and again; in how many seconds."""
    counts, end = [0] * n_threads, time.perf_counter() + seconds

    def work_on(index: int) -> None:
        while time.perf_counter() < end:
            work()
            counts[index] += 1

    taken_s = run_at_once([partial(work_on, index) for index in range(n_threads)])
    return sum(counts), taken_s


def run_at_once(works: list[Callable[[], None]]) -> float:
    """Runs them, each in a thread; how long it took in seconds."""
    began = time.perf_counter()
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began
