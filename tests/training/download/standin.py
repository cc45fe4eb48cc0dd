"""A server on this machine that stands in for the providers: it answers as told, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Reply:
    """One answer; `missing_bytes` are promised and not sent, an `endless` body has no end."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    missing_bytes: int = 0
    endless: bool = False


@dataclass(frozen=True)
class Asked:
    """One request that came."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]


Answerer = Callable[[Asked], Reply]


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), {key.replace("_", "-"): text for key, text in headers.items()})


class Standin:
    """Paths and what they answer: an answerer, one reply for ever, or a list of which the last one stays.

    The server's threads append to `asked` and take from `_replies`, one at a time: the client asks serially.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[Asked] = []
        self._replies: dict[str, Answerer] = {}

    def answers(self, path: str, *replies: Reply | Answerer) -> str:
        """Sets what a path answers, and gives its address."""
        left = list(replies)

        def answer(asked: Asked) -> Reply:
            reply = left.pop(0) if len(left) > 1 else left[0]
            return reply if isinstance(reply, Reply) else reply(asked)

        self._replies[path] = answer
        return self.url + path

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        answerer = self._replies.get(asked.path)
        return answerer(asked) if answerer else Reply(404)

    def paths(self, beginning: str = "/") -> list[str]:
        return [asked.path for asked in self.asked if asked.path.startswith(beginning)]


@contextmanager
def running_standin() -> Iterator[Standin]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    standin = Standin(server.server_address[1])
    server.standin = standin  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield standin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = Asked(parts.path, dict(parse_qsl(parts.query)), dict(self.headers.items()))
        reply = self.server.standin.answer(asked)  # type: ignore[attr-defined]
        with suppress(ConnectionError):  # The client may hang up on a body that is too large for it.
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.close_connection = bool(reply.missing_bytes or reply.endless)
        if not reply.endless and "Content-Length" not in reply.headers:
            self.send_header("Content-Length", str(len(reply.body) + reply.missing_bytes))
        self.end_headers()
        self.wfile.write(reply.body)
        while reply.endless:
            self.wfile.write(bytes(1 << 14))

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: a test's output is for what failed."""
