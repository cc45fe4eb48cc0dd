"""Connection: one client, and how far its request has come."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gunicorn.config import Config
from gunicorn.http import get_parser
from gunicorn.http.message import Request

from app.errors import WhichParkError
from app.ops.serving.buffered_socket import BufferedSocket
from app.ops.serving.framing import BodyWatch, watch_body
from app.ops.serving.limits import ConnectionLimits
from app.ops.serving.refusals import names_host, no_host, too_large_head, unreadable

_END_OF_HEAD = b"\r\n\r\n"
_MUCH_BYTES = 32_000_000


class Phase(Enum):
    """What a connection is doing. All but ANSWERING are the loop's."""

    HEAD = "a head arrives, or nothing does yet"
    BODY = "a body arrives"
    ANSWERING = "a thread has it"
    SENDING = "the rest of an answer leaves"
    LINGERING = "the answer has left; what the client still sends is read away"


@dataclass
class Held:
    """What all connections of a worker hold, in bytes, and the most of it of late; the loop alone writes it."""

    n_bytes: int = 0
    peak_bytes: int = 0

    def add(self, n_bytes: int) -> None:
        """Notes that so much more is held, or less."""
        self.n_bytes += n_bytes
        self.peak_bytes = max(self.peak_bytes, self.n_bytes)

    def is_much_freed(self) -> bool:
        """Whether so much is held no longer that its memory is worth giving back; asked once, it begins anew."""
        if self.peak_bytes - self.n_bytes < _MUCH_BYTES:
            return False
        self.peak_bytes = self.n_bytes
        return True


class Connection:
    """A client, from its first byte to its last.

    `until` is when the phase it is in has lasted too long, `n_held` what is kept of its request or answer, in bytes;
    `is_kept` is the worker's: whether another request may follow.

    Thread safety: it goes where its socket goes, see BufferedSocket.
    """

    def __init__(
        self, sock: BufferedSocket, client: Any, server: Any, cfg: Config, limits: ConnectionLimits, held: Held
    ) -> None:
        self.sock = sock
        self.client = client
        self.server = server
        self.parser = get_parser(cfg, sock, client)
        self._limits = limits
        self._held = held
        self.n_held = 0
        self.is_kept = False
        self.wait_for_request(limits.max_head_s)

    def enter(self, phase: Phase, most_s: float) -> None:
        """Begins a phase that may last so many seconds."""
        self.phase = phase
        self.since = time.monotonic()
        self.until = self.since + most_s
        self.n_through = 0

    def wait_for_request(self, most_s: float) -> None:
        """Waits for the first byte of a request, or goes on with what has arrived of it already."""
        self.req: Request | None = None
        self.body: BodyWatch | None = None
        self.refusal: WhichParkError | None = None
        self._head = bytearray()
        self.hold(0)
        self.enter(Phase.HEAD, most_s)
        if early := self._arrived_early():
            self._see(early)

    @property
    def is_idle(self) -> bool:
        """Whether nobody would miss it: it has begun no request, or has had its answer."""
        return self.phase is Phase.LINGERING or (self.phase is Phase.HEAD and not self.is_begun)

    @property
    def is_begun(self) -> bool:
        """Whether anything of a request has arrived."""
        return bool(self._head)

    @property
    def is_answerable(self) -> bool:
        """Whether it is time for a thread: the request is whole, or is to be refused."""
        return self.refusal is not None or (self.body is not None and self.body.is_enough)

    @property
    def is_photo(self) -> bool:
        """Whether its answer may take long: it posts something, and is not refused."""
        return self.refusal is None and self.req is not None and self.req.method == "POST"

    @property
    def is_whole(self) -> bool:
        """Whether the request's end is known, so that another may follow it."""
        return self.refusal is None and self.body is not None and self.body.is_whole

    def hold(self, n_bytes: int) -> None:
        """Notes what is kept of the request or of its answer."""
        self._held.add(n_bytes - self.n_held)
        self.n_held = n_bytes

    def take_in(self) -> bool:
        """Sees what has arrived; False when the client has gone.

        Raises:
            OSError: the connection is broken.
        """
        data = self.sock.take_in()
        if data:
            self._see(data)
        return data != b""

    def refuse(self, refusal: WhichParkError) -> None:
        """Drops what arrived and has the application answer so."""
        self.sock.forget()
        self.hold(0)
        self.refusal = refusal

    def read_away(self) -> bool:
        """Drops what has arrived; False when the client has gone, or sends more than is borne with.

        Raises:
            OSError: the connection is broken.
        """
        data = self.sock.take_in()
        self.sock.forget()
        self.n_through += len(data or b"")
        return data != b"" and self.n_through <= self._limits.max_linger_bytes

    def send_on(self) -> None:
        """Sends what the client takes of the rest of its answer.

        Raises:
            OSError: the connection is broken.
        """
        self.n_through += self.sock.flush()
        self.until = self.since + self._limits.transfer_s(self.n_through)

    def _see(self, data: bytes) -> None:
        self.hold(self.n_held + len(data))
        if self.body is not None:
            self._see_body(data)
            return
        if not self._head:
            self.enter(Phase.HEAD, self._limits.max_head_s)
        searched = max(0, len(self._head) - len(_END_OF_HEAD) + 1)
        self._head += data
        if self._head.find(_END_OF_HEAD, searched) >= 0:
            self._read_head()
        elif len(self._head) > self._limits.max_head_bytes:
            self.refuse(too_large_head())

    def _read_head(self) -> None:
        try:
            request = next(self.parser)
        except Exception as exc:  # gunicorn's parser has a dozen of its own, and what a hostile head may cause besides.
            self.refuse(unreadable(exc))
            return
        if not names_host(request):
            self.refuse(no_host())
            return
        self.req = request
        self.body = watch_body(self.req, self._limits.max_body_bytes)
        self.enter(Phase.BODY, self._limits.transfer_s(0))
        self._see_body(self._arrived_early())
        if self.req._expected_100_continue:
            self._ask_for_body()

    def _ask_for_body(self) -> None:
        """Says "100 Continue" now: gunicorn would when the application is called, which waits for the body."""
        assert self.req is not None
        self.req._expected_100_continue = False
        if not self.is_answerable:
            with suppress(OSError):  # The next event on the socket tells the same.
                self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _see_body(self, data: bytes) -> None:
        assert self.body is not None
        self.body.see(data)
        self.n_through += len(data)
        self.until = self.since + self._limits.transfer_s(self.n_through)
        if self.body.refusal is not None:
            self.refuse(self.body.refusal)

    def _arrived_early(self) -> bytes:
        """What has arrived behind the last thing that was parsed."""
        return bytes(self.parser.unreader.buf.getvalue()) + self.sock.unread()
