"""Places for photos: as many as there are, and none for those who have gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest

from app.ops.serving.connection import Connection
from app.ops.serving.lanes import Lanes


class FakeConnection:
    """Is gone when it is told so."""

    def __init__(self) -> None:
        self.sock = self
        self.gone = False

    def is_gone(self) -> bool:
        return self.gone


def connection() -> Any:
    return cast(Connection, FakeConnection())


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.mark.parametrize(("threads", "max_queue"), [(1, 0), (1, 2), (2, 3)])
def test_there_are_as_many_places_as_threads_and_queue(gate: threading.Event, threads: int, max_queue: int) -> None:
    lanes = Lanes(threads, max_queue)
    for _ in range(threads + max_queue):
        assert lanes.has_place()
        lanes.look_at(connection(), lambda conn: gate.wait(5))
    assert not lanes.has_place()


def test_who_is_answered_leaves_a_place() -> None:
    lanes, conn = Lanes(1, 0), connection()
    assert lanes.look_at(conn, lambda conn: True).result(5)
    assert not lanes.has_place()
    lanes.leave(conn)
    assert lanes.has_place()


def test_a_second_after_the_last_photo_they_come_to_rest_once(gate: threading.Event) -> None:
    lanes, first, last = Lanes(2, 0), connection(), connection()
    in_a_second = time.monotonic() + 2
    assert not lanes.come_to_rest(in_a_second)
    lanes.look_at(first, lambda conn: True)
    lanes.look_at(last, lambda conn: gate.wait(5))
    lanes.leave(first)
    assert not lanes.come_to_rest(in_a_second)
    lanes.leave(last)
    assert not lanes.come_to_rest(time.monotonic())
    assert lanes.come_to_rest(in_a_second)
    assert not lanes.come_to_rest(in_a_second)


def test_a_quick_request_disturbs_no_rest() -> None:
    lanes, conn = Lanes(1, 0), connection()
    lanes.do_quickly(conn, lambda conn: True)
    lanes.leave(conn)
    assert not lanes.come_to_rest(time.monotonic() + 2)


def test_who_has_gone_loses_its_place_unless_it_is_being_answered(gate: threading.Event) -> None:
    lanes, conns = Lanes(1, 2), [connection() for _ in range(3)]
    begun = threading.Event()

    def answer(_conn: Connection) -> bool:
        begun.set()
        return gate.wait(5)

    first = lanes.look_at(conns[0], answer)
    begun.wait(5)
    waiting = [lanes.look_at(conn, lambda conn: True) for conn in conns[1:]]
    assert not lanes.has_place()
    conns[0].gone = conns[1].gone = True
    assert lanes.has_place()
    assert [given.cancelled() for given in (first, *waiting)] == [False, True, False]


def test_what_is_quick_does_not_wait_for_photos(gate: threading.Event) -> None:
    lanes = Lanes(1, 5)
    for _ in range(5):
        lanes.look_at(connection(), lambda conn: gate.wait(5))
    assert lanes.do_quickly(connection(), lambda conn: True).result(5)
