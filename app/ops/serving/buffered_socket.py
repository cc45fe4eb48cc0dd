"""A client's socket that nobody waits for: what arrived is kept until it is read, what is sent until it has left."""

from __future__ import annotations

import socket
from collections import deque

from app.errors import WhichParkError

_STEP_BYTES = 1_048_576  # The loop takes few steps for a photo, even for one that arrives all at once.


class BufferedSocket:
    """What gunicorn's parser and response take for a socket, and what the application finds as `gunicorn.socket`.

    Thread safety: one thread at a time has it. The worker's loop gives it to a thread with the request and has it back
    when the request is answered. `is_gone` may be called from anywhere.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._arrived: deque[bytes] = deque()
        self._unsent: deque[memoryview] = deque()
        self.n_unsent = 0
        self.refusal: WhichParkError | None = None

    def fileno(self) -> int:
        """Of the socket itself."""
        return self._sock.fileno()

    def take_in(self) -> bytes | None:
        """What has arrived now, which is kept for `recv` too; None if nothing has, b"" at the end.

        Raises:
            OSError: the connection is broken.
        """
        try:
            data = self._sock.recv(_STEP_BYTES)
        except (BlockingIOError, InterruptedError):
            return None
        if data:
            self._arrived.append(data)
        return data

    def recv(self, size: int) -> bytes:
        """The next bytes of those that arrived.

        Raises:
            ConnectionError: there are none. A reader came too far: its request is handed over whole, or is refused.
        """
        if not self._arrived:
            raise ConnectionError("The request ends before its end.")
        data = self._arrived.popleft()
        if len(data) > size:
            self._arrived.appendleft(data[size:])
        return data[:size]

    @property
    def n_unread(self) -> int:
        """How many bytes arrived and were not read."""
        return sum(map(len, self._arrived))

    def take_all(self) -> list[bytes]:
        """What arrived and was not read, in the pieces it came in; it counts as read now."""
        pieces = list(self._arrived)
        self._arrived.clear()
        return pieces

    def unread(self) -> bytes:
        """A copy of what arrived and was not read."""
        return b"".join(self._arrived)

    def forget(self) -> None:
        """Drops what arrived and was not read."""
        self._arrived.clear()

    def send(self, data: bytes) -> int:
        """See `sendall`."""
        self.sendall(data)
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Sends what the client takes now and keeps the rest for `flush`.

        Raises:
            OSError: the connection is broken.
        """
        self._unsent.append(memoryview(data))
        self.n_unsent += len(data)
        self.flush()

    def flush(self) -> int:
        """Sends of what is kept as much as the client takes now; how many bytes that were.

        Raises:
            OSError: the connection is broken.
        """
        n_before = self.n_unsent
        try:
            while self._unsent:
                n_sent = self._sock.send(self._unsent[0])
                self.n_unsent -= n_sent
                self._unsent[0] = self._unsent[0][n_sent:]
                if not self._unsent[0]:
                    self._unsent.popleft()
        except (BlockingIOError, InterruptedError):
            pass
        return n_before - self.n_unsent

    def end_sending(self) -> None:
        """Tells the client that nothing more will come."""
        self._sock.shutdown(socket.SHUT_WR)

    def is_gone(self) -> bool:
        """Whether the client has closed the connection, or its half of it, which is taken for the same."""
        try:
            return not self._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Ends the connection; what is kept is lost."""
        self._arrived.clear()
        self._unsent.clear()
        self.n_unsent = 0
        self._sock.close()
