"""How far a request has come, as its bytes arrive."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from gunicorn.config import Config

from app.ops.serving.buffered_socket import BufferedSocket
from app.ops.serving.connection import Connection, Held, Phase
from app.ops.serving.limits import ConnectionLimits

LIMITS = ConnectionLimits(
    max_head_bytes=500, max_head_s=10, max_body_bytes=1000, max_transfer_s=100, max_stall_s=20, min_bytes_per_s=10
)
GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"


class Client:
    """The other end of a connection."""

    def __init__(self, limits: ConnectionLimits = LIMITS) -> None:
        ours, self.sock = socket.socketpair()
        self.sock.settimeout(5)
        self.held = Held()
        self.conn = Connection(BufferedSocket(ours), ("127.0.0.1", 1), ("127.0.0.1", 2), Config(), limits, self.held)

    def send(self, *pieces: bytes) -> Connection:
        for piece in pieces:
            self.sock.sendall(piece)
            assert self.conn.take_in()
        return self.conn

    def is_answerable(self) -> bool:
        return self.conn.is_answerable

    def left_s(self) -> float:
        return self.conn.until - self.conn.since

    def close(self) -> None:
        self.conn.sock.close()
        self.sock.close()


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


def test_a_new_connection_is_idle(client: Client) -> None:
    assert client.conn.is_idle and not client.conn.is_begun and not client.conn.is_answerable


def test_a_client_that_leaves_is_noticed(client: Client) -> None:
    client.sock.close()
    assert not client.conn.take_in()


@pytest.mark.parametrize("cut", [1, 10, len(GET) - 1])
def test_a_request_without_a_body_is_answerable_with_its_head(client: Client, cut: int) -> None:
    conn = client.send(GET[:cut])
    assert not conn.is_idle and conn.is_begun and not client.is_answerable()
    client.send(GET[cut:])
    assert client.is_answerable() and conn.is_whole
    assert conn.req is not None and (conn.req.method, conn.req.path) == ("GET", "/a")


@pytest.mark.parametrize(
    "pieces", [[POST + b"abcde"], [POST, b"abcde"], [POST + b"ab", b"cde"], [POST[:9], POST[9:] + b"abcd", b"e"]]
)
def test_a_request_is_answerable_with_the_last_byte_of_its_body(client: Client, pieces: list[bytes]) -> None:
    conn = client.send(*pieces[:-1])
    assert not client.is_answerable()
    client.send(pieces[-1])
    assert client.is_answerable() and conn.is_whole
    assert conn.req is not None and conn.req.body.read() == b"abcde"


def test_requests_in_one_piece_come_one_after_the_other(client: Client) -> None:
    conn = client.send(POST + b"abcde" + GET + POST)
    assert conn.req is not None and conn.req.body.read() == b"abcde"
    conn.wait_for_request(5)
    assert client.is_answerable() and conn.req is not None and conn.req.method == "GET"
    conn.wait_for_request(5)
    assert not client.is_answerable() and conn.phase is Phase.BODY
    client.send(b"12345")
    assert client.is_answerable() and conn.req is not None and conn.req.body.read() == b"12345"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"rubbish\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"G" * 501, 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
    ],
)
def test_a_head_without_sense_is_refused(client: Client, head: bytes, status: int) -> None:
    conn = client.send(head)
    assert conn.is_answerable and not conn.is_whole
    assert conn.refusal is not None and conn.refusal.status == status


@pytest.mark.parametrize("head", [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.0\r\nHost: a\r\n\r\n", GET])
def test_a_host_is_named_once_or_by_http_1_0_not_at_all(client: Client, head: bytes) -> None:
    assert client.send(head).refusal is None


def test_a_head_may_have_as_many_bytes_as_the_limit(client: Client) -> None:
    conn = client.send(b"G" * 500)
    assert conn.refusal is None
    assert client.send(b"G").refusal is not None


def test_a_refusal_does_not_repeat_what_was_sent(client: Client) -> None:
    conn = client.send(b"GET /secret?token=secret HTTP/7\r\nsecret\r\n\r\n")
    assert "secret" not in str(conn.refusal)


def test_a_body_over_the_limit_is_answerable_without_it(client: Client) -> None:
    conn = client.send(POST.replace(b"5", b"1001"))
    assert conn.is_answerable and not conn.is_whole and conn.refusal is None


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"1\r\nx\r\n" * 70_000])
def test_chunks_without_sense_are_refused_and_forgotten(chunks: bytes) -> None:
    client = Client(ConnectionLimits())
    conn = client.send(POST.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked"))
    client.send(*(chunks[at : at + 4096] for at in range(0, len(chunks), 4096)))
    assert conn.is_answerable and not conn.is_whole
    assert conn.refusal is not None and (conn.refusal.status, conn.refusal.code) == (400, "malformed_request")
    assert conn.sock.unread() == b"" and client.held.n_bytes == 0
    client.close()


@pytest.mark.parametrize(("length", "is_asked"), [(b"5", True), (b"1000", True), (b"1001", False), (b"0", False)])
def test_a_body_is_asked_for_if_its_client_waits_and_it_is_wanted(
    client: Client, length: bytes, is_asked: bool
) -> None:
    client.send(POST.replace(b"5", length).replace(b"Host", b"Expect: 100-continue\r\nHost"))
    client.sock.setblocking(False)
    if is_asked:
        assert client.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    with pytest.raises(BlockingIOError):
        client.sock.recv(100)


def test_a_head_has_its_time_from_its_first_byte(client: Client) -> None:
    client.conn.wait_for_request(3)
    assert client.left_s() == pytest.approx(3)
    client.send(b"G")
    assert client.left_s() == pytest.approx(10)
    until = client.conn.until
    client.send(b"E", b"T")
    assert client.conn.until == until


@pytest.mark.parametrize(("n_bytes", "seconds"), [(0, 20), (10, 21), (700, 90), (790, 99), (800, 100), (900, 100)])
def test_every_byte_of_a_body_buys_time_up_to_the_most(client: Client, n_bytes: int, seconds: float) -> None:
    client.send(POST.replace(b"5", b"950"))
    if n_bytes:
        client.send(bytes(n_bytes))
    assert client.left_s() == pytest.approx(seconds)


def test_what_is_held_is_counted_until_it_is_not(client: Client) -> None:
    conn = client.send(POST.replace(b"5", b"900") + bytes(300), bytes(100))
    assert client.held.n_bytes == conn.n_held == len(POST) + 2 + 400
    conn.refuse(conn.refusal or ValueError())  # type: ignore[arg-type]
    assert client.held.n_bytes == 0


def test_what_comes_after_the_answer_is_read_away_up_to_a_limit() -> None:
    client = Client(ConnectionLimits(max_linger_bytes=100))
    client.conn.enter(Phase.LINGERING, 1)
    client.sock.sendall(bytes(100))
    assert client.conn.read_away()
    assert client.conn.sock.unread() == b""
    client.sock.sendall(bytes(1))
    assert not client.conn.read_away()
    client.close()


def test_much_that_is_freed_is_noticed_once() -> None:
    held = Held()
    held.add(50_000_000)
    assert not held.is_much_freed()
    held.add(-18_000_001)
    assert not held.is_much_freed()
    held.add(-14_000_000)
    assert held.is_much_freed()
    assert not held.is_much_freed()
    held.add(-17_000_000)
    assert not held.is_much_freed()
