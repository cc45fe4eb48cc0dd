"""A socket that nobody waits for, on a real pair of sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from app.ops.serving.buffered_socket import BufferedSocket


@pytest.fixture
def ends() -> Iterator[tuple[BufferedSocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)
    buffered = BufferedSocket(ours)
    yield buffered, theirs
    buffered.close()
    theirs.close()


Ends = tuple[BufferedSocket, socket.socket]


def test_nothing_arrives_of_what_was_not_sent(ends: Ends) -> None:
    ours, _ = ends
    assert ours.take_in() is None
    with pytest.raises(ConnectionError):
        ours.recv(10)


def test_what_arrived_is_read_in_its_order_in_pieces_of_any_size(ends: Ends) -> None:
    ours, theirs = ends
    for piece in (b"abc", b"defg"):
        theirs.sendall(piece)
        assert ours.take_in() == piece
    assert ours.unread() == b"abcdefg"
    assert [ours.recv(2), ours.recv(2), ours.recv(10)] == [b"ab", b"c", b"defg"]
    assert ours.unread() == b""


def test_the_end_is_told(ends: Ends) -> None:
    ours, theirs = ends
    theirs.close()
    assert ours.take_in() == b""


def test_what_is_forgotten_is_not_read(ends: Ends) -> None:
    ours, theirs = ends
    theirs.sendall(b"abc")
    ours.take_in()
    ours.forget()
    with pytest.raises(ConnectionError):
        ours.recv(1)


def test_a_client_that_reads_gets_all_at_once(ends: Ends) -> None:
    ours, theirs = ends
    ours.sendall(b"abc")
    assert ours.send(b"de") == 2
    assert ours.n_unsent == 0
    assert theirs.recv(10) == b"abcde"


def test_a_client_that_does_not_read_is_not_waited_for_and_loses_nothing(ends: Ends) -> None:
    ours, theirs = ends
    content = bytes(range(256)) * 20_000
    ours.sendall(content)
    assert 0 < ours.n_unsent < len(content)
    assert ours.flush() == 0
    received = b""
    while len(received) < len(content):
        received += theirs.recv(1_000_000)
        before = ours.n_unsent
        assert ours.flush() == before - ours.n_unsent
    assert received == content
    assert ours.n_unsent == 0


def test_sending_to_one_who_left_is_told(ends: Ends) -> None:
    ours, theirs = ends
    theirs.close()
    with pytest.raises(OSError):
        ours.sendall(b"abc")


def test_a_client_is_there_until_it_closes(ends: Ends) -> None:
    ours, theirs = ends
    assert not ours.is_gone()
    theirs.sendall(b"abc")
    assert not ours.is_gone()
    assert ours.take_in() == b"abc"  # Looking did not take it.
    theirs.shutdown(socket.SHUT_WR)
    assert ours.is_gone()


def test_a_closed_socket_is_gone(ends: Ends) -> None:
    ours, _ = ends
    ours.close()
    assert ours.is_gone()


def test_the_end_of_sending_is_seen_by_the_client(ends: Ends) -> None:
    ours, theirs = ends
    ours.end_sending()
    assert theirs.recv(1) == b""
