"""Messages between a worker and the owner."""

from __future__ import annotations

from collections.abc import Iterator
from socket import socket, socketpair

import numpy as np
import pytest

from app.owner.wire import receive, send, share_room, take_room

DEADLINE_S = 20.0


@pytest.fixture
def ends() -> Iterator[tuple[socket, socket]]:
    one, other = socketpair()
    with one, other:
        for end in (one, other):
            end.settimeout(DEADLINE_S)
        yield one, other


@pytest.mark.parametrize("larger", [[], [(2, 3, 400, 400), (1, 7, 300, 300)]])
def test_a_message_arrives_as_it_was_sent(ends: tuple[socket, socket], larger: list[tuple[int, ...]]) -> None:
    rng = np.random.default_rng(1)
    small = rng.random((1, 4, 9, 9), np.float32)
    arrays = [rng.random(shape, np.float32) for shape in larger] + [small[:, :, ::2], rng.random((1, 4), np.float32)]
    send(ends[0], {"with_layers": True}, arrays)  # It does not wait for who reads it, however much it is.
    head, received = receive(ends[1])
    assert head == {"with_layers": True}
    for sent, got in zip(arrays, received, strict=True):
        assert got.dtype == np.float32
        np.testing.assert_array_equal(sent, got)


def test_a_message_may_be_its_head_alone(ends: tuple[socket, socket]) -> None:
    send(ends[0], {"name": "torch on CUDA, float16 – é"})
    assert receive(ends[1]) == ({"name": "torch on CUDA, float16 – é"}, [])


@pytest.mark.parametrize("n_bytes", [0, 3, 20, 75])
def test_an_end_that_goes_in_the_middle_is_noticed(ends: tuple[socket, socket], n_bytes: int) -> None:
    whole, copy = socketpair()
    with whole, copy:
        send(whole, {"with_layers": False}, [np.ones((1, 3), np.float32)])
        message = copy.recv(1000)
    assert len(message) > 75
    ends[0].sendall(message[:n_bytes])
    ends[0].close()
    with pytest.raises(EOFError):
        receive(ends[1])


def test_memory_is_shared(ends: tuple[socket, socket]) -> None:
    mine = share_room(ends[0], (1, 3, 20, 30))
    theirs = take_room(ends[1])
    mine[:] = np.random.default_rng(1).random(mine.shape, np.float32)
    np.testing.assert_array_equal(mine, theirs)
    assert theirs.dtype == np.float32


def test_memory_outlives_the_end_that_shared_it(ends: tuple[socket, socket]) -> None:
    """A worker that is killed does not take away what the network is reading."""
    mine = share_room(ends[0], (1, 3, 2, 2))
    mine[:] = 7
    theirs = take_room(ends[1])
    del mine
    ends[0].close()
    assert (theirs == 7).all()


def test_an_end_that_goes_before_it_shares_is_noticed(ends: tuple[socket, socket]) -> None:
    ends[0].close()
    with pytest.raises(EOFError):
        take_room(ends[1])
