"""An internet of one machine: names and addresses as a test tells them, real servers on 127.0.0.1 behind them."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from app.intake.incoming import IncomingPhoto, PhotoAddress
from app.intake.url_fetch.connect import Connector, dial, web_tls
from app.intake.url_fetch.fetcher import UrlFetcher
from app.intake.url_fetch.limits import Deadline, FetchLimits
from app.intake.url_fetch.photo_url import IPAddress

USER_AGENT = "which-park-tests (tests@example.org)"
PUBLIC = "93.184.216.34"
LOCAL = ipaddress.ip_address("127.0.0.1")
_LONGEST_S = 20.0

Script = Callable[[socket.socket], None]


def reply(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """An answer with its Content-Length, unless the headers say otherwise; `_` in a name stands for `-`."""
    lines = {"Content_Length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return reply(b"", status, Location=location)


class HostileServer:
    """Plays its scripts, one a connection, the last one for ever; a script of bytes is sent and the connection kept.

    `heads` are the requests it got. Its threads append to it; the test reads it once the answer is there.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.heads: list[bytes] = []
        self.stopped = threading.Event()
        self._scripts: list[Script | bytes] = [reply()]
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def plays(self, *scripts: Script | bytes) -> None:
        self._scripts = list(scripts)

    def close(self) -> None:
        self.stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
                threading.Thread(target=self._serve, args=(connection, script), daemon=True).start()

    def _serve(self, connection: socket.socket, script: Script | bytes) -> None:
        connection.settimeout(_LONGEST_S)
        with suppress(OSError), connection:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self._play(connection, script)

    def _play(self, connection: socket.socket, script: Script | bytes) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n") and (chunk := connection.recv(65_536)):
            head += chunk
        self.heads.append(head)
        if isinstance(script, bytes):
            connection.sendall(script)
            connection.recv(1)  # Until the client hangs up: an answer's end must be found without that.
        else:
            script(connection)

    def drips(self, *pieces: bytes, every_s: float = 0.01) -> Script:
        """A script: the first piece at once, the last one again and again, until nobody listens."""

        def drip(connection: socket.socket) -> None:
            for piece in pieces:
                connection.sendall(piece)
            while not self.stopped.wait(every_s):
                connection.sendall(pieces[-1])

        return drip


def endless(*pieces: bytes) -> Script:
    """The last piece again and again, as fast as it is taken."""

    def send(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
        while True:
            connection.sendall(pieces[-1])

    return send


def then_closes(*pieces: bytes) -> Script:
    """These pieces, then the end."""

    def send(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return send


class HastyServer(HostileServer):
    """Does not wait for a whole request: it answers the first bytes that come."""

    def _play(self, connection: socket.socket, script: Script | bytes) -> None:
        self.heads.append(connection.recv(65_536))
        if isinstance(script, bytes):
            connection.sendall(script)
        else:
            script(connection)


class FakeInternet:
    """Names, and what listens at which address. `looked_up` and `dialled` are what the fetcher did with them.

    Everything between is the real thing: the parser, the check of addresses, sockets, TLS, HTTP.
    """

    def __init__(self, server: HostileServer, tls: Callable[[], ssl.SSLContext] = web_tls) -> None:
        self.server = server
        self.looked_up: list[str] = []
        self.dialled: list[str] = []
        self.given_s: list[float] = []
        self.dead: dict[str, OSError] = {}
        self._answers: dict[str, list[list[str]]] = {"photos.example": [[PUBLIC]], "other.example": [["93.184.216.35"]]}
        self._tls = tls

    def names(self, host: str, *answers: list[str]) -> None:
        """What the host's name is answered with, the first time, the second …, the last one for ever."""
        self._answers[host] = list(answers)

    def lookup(self, host: str, deadline: Deadline) -> list[IPAddress]:
        self.looked_up.append(host)
        answers = self._answers.get(host, [[]])
        return [ipaddress.ip_address(text) for text in (answers.pop(0) if len(answers) > 1 else answers[0])]

    def dial(self, address: IPAddress, port: int, timeout_s: float) -> socket.socket:
        self.dialled.append(f"{address} {port}")
        self.given_s.append(timeout_s)
        if str(address) in self.dead:
            raise self.dead[str(address)]
        sock = dial(LOCAL, self.server.port, timeout_s)
        sock.settimeout(_LONGEST_S)  # So that whoever uses it has to keep the time by itself.
        return sock

    def fetcher(self, limits: FetchLimits | None = None) -> UrlFetcher:
        connector = Connector(self.lookup, dial=self.dial, tls=self._tls)
        return UrlFetcher(limits or FetchLimits(), USER_AGENT, connector)

    def fetch(self, *urls: str, limits: FetchLimits | None = None) -> list[IncomingPhoto]:
        return self.fetcher(limits).fetch([PhotoAddress(url, f"url {n}") for n, url in enumerate(urls, start=1)])

    def code(self, url: str, limits: FetchLimits | None = None) -> str:
        """The code of the error that this address gives."""
        [photo] = self.fetch(url, limits=limits)
        assert photo.error is not None, "it was fetched"
        assert photo.image_bytes == b""
        return photo.error.code


@contextmanager
def running(server: HostileServer) -> Iterator[HostileServer]:
    try:
        yield server
    finally:
        server.close()
