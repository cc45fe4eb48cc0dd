"""Clients that are slow on purpose: raw sockets, so that a test says byte by byte what arrives when."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.e2e.server import Server

WAIT_S = 20.0


def connect(server: Server, *, receive_bytes: int | None = None) -> socket.socket:
    """A connection; `receive_bytes` makes its window so small that an answer does not fit."""
    client = socket.socket()
    if receive_bytes:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.settimeout(WAIT_S)
    client.connect(("127.0.0.1", server.port))
    return client


def head(path: str, length: int, *more: str, method: str = "POST") -> bytes:
    """The head of a request with a photo."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Content-Type: image/jpeg", f"Content-Length: {length}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def read_to_end(client: socket.socket) -> bytes:
    """Everything until the server closes; a reset is an end too."""
    answer = b""
    try:
        while data := client.recv(65_536):
            answer += data
    except ConnectionResetError:
        pass
    return answer


def status_and_problem(answer: bytes) -> tuple[int, dict[str, Any]]:
    """Of a raw answer: its status, its JSON."""
    top, _, body = answer.partition(b"\r\n\r\n")
    return int(top.split(b" ")[1]), json.loads(body)


@contextmanager
def crowd(server: Server, size: int, **options: Any) -> Iterator[Sequence[socket.socket]]:
    """So many connections at once."""
    with ExitStack() as stack:
        yield [stack.enter_context(connect(server, **options)) for _ in range(size)]


@contextmanager
def dripping(clients: Sequence[socket.socket], content: bytes, every_s: float) -> Iterator[None]:
    """Each sends one byte after the other, until it may not, or the test has seen enough."""
    enough = threading.Event()
    thread = threading.Thread(target=_drip, args=(clients, content, lambda: enough.wait(every_s)))
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def _drip(clients: Sequence[socket.socket], content: bytes, is_enough: Callable[[], bool]) -> None:
    left = list(clients)
    for at in range(len(content)):
        for client in list(left):
            try:
                client.sendall(content[at : at + 1])
            except OSError:
                left.remove(client)
        if is_enough():
            return
