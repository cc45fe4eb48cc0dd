"""One request and its answer: every step within the deadline, every part bounded while it is read."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import h11

from app.intake.url_fetch.limits import ByteBudget, Deadline
from app.intake.url_fetch.photo_url import PhotoUrl

_RECEIVE_BYTES = 65_536
# What may come beside the photo: heads, and the lines between chunks; and each read counts as so many bytes of it. A
# server that sends a photo in chunks, or TLS records, of one byte would cost us a processor for as long as we listen.
# The smallest packets an honest network makes have 536 bytes (RFC 9293, section 3.7.1).
_MAX_OVERHEAD_BYTES = 65_536
_OVERHEAD_OF_A_READ_BYTES = 200
_ACCEPT = "image/jpeg, image/png, image/webp, image/*;q=0.8, */*;q=0.1"
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class UrlAnswer:
    """What a host answered. `body` is that of a 200 alone; header values are empty where there is none."""

    status: int
    body: bytes = b""
    location: str = ""
    content_type: str = ""
    content_encoding: str = ""


def exchange(sock: socket.socket, url: PhotoUrl, user_agent: str, budget: ByteBudget, deadline: Deadline) -> UrlAnswer:
    """Asks for the address over this connection, and reads the answer.

    Raises:
        UrlTooLargeError: the body is over the budget.
        h11.RemoteProtocolError: what came is no HTTP, or breaks off.
        OSError: the connection fails; TimeoutError: it takes too long.
    """
    connection = h11.Connection(h11.CLIENT)
    sock.settimeout(deadline.left_s())
    sock.sendall(_request(connection, url, user_agent))
    events = _events(connection, sock, deadline)
    response = next(event for event in events if isinstance(event, h11.Response))
    headers = {name.decode("ascii"): value.decode("utf-8", "replace") for name, value in response.headers}
    body = _read_body(events, headers, budget) if response.status_code == 200 else b""
    return UrlAnswer(
        response.status_code,
        body,
        location=headers.get("location", ""),
        content_type=headers.get("content-type", ""),
        content_encoding=headers.get("content-encoding", ""),
    )


def _request(connection: h11.Connection, url: PhotoUrl, user_agent: str) -> bytes:
    headers = [
        ("Host", url.authority),
        ("User-Agent", user_agent),
        ("Accept", _ACCEPT),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    request = connection.send(h11.Request(method="GET", target=url.target, headers=headers)) or b""
    return request + (connection.send(h11.EndOfMessage()) or b"")


def _events(connection: h11.Connection, sock: socket.socket, deadline: Deadline) -> Iterator[h11.Event]:
    """What comes, without an end of its own: who reads on after the answer's end gets an error."""
    n_body = n_beside = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if n_beside > _MAX_OVERHEAD_BYTES + n_body // 2:
                raise h11.RemoteProtocolError("too much beside the photo")
            sock.settimeout(deadline.left_s())
            piece = sock.recv(_RECEIVE_BYTES)
            n_beside += len(piece) + _OVERHEAD_OF_A_READ_BYTES
            connection.receive_data(piece)
        elif isinstance(event, h11.Event):
            if isinstance(event, h11.Data):
                n_body += len(event.data)
                n_beside -= len(event.data)
            yield event
        else:
            raise h11.RemoteProtocolError("it wants to speak something else than HTTP")


def _read_body(events: Iterator[h11.Event], headers: dict[str, str], budget: ByteBudget) -> bytes:
    budget.ensure_room(int(headers.get("content-length", "0")))
    body = bytearray()
    for event in events:
        if isinstance(event, h11.EndOfMessage):
            break
        if isinstance(event, h11.Data):
            budget.take(len(event.data))
            body += event.data
    return bytes(body)
