"""Names are looked up by the system, which knows no deadline; ours holds all the same."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.errors import BusyError
from app.intake.url_fetch.limits import Deadline
from app.intake.url_fetch.lookup import SystemLookup


class FakeSystem:
    """Stands for `socket.getaddrinfo`: answers once it is let go, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.go = threading.Event()
        self.answer: list[str] | OSError = ["93.184.216.34", "2606:2800::1"]

    def __call__(self, *question: Any, **options: Any) -> list[tuple[Any, ...]]:
        self.asked.append(question)
        assert self.go.wait(20)
        if isinstance(self.answer, OSError):
            raise self.answer
        return [(0, 0, 0, "", (address, 0)) for address in self.answer]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSystem]:
    system = FakeSystem()
    monkeypatch.setattr(socket, "getaddrinfo", system)
    yield system
    system.go.set()


def test_all_addresses_of_a_host_are_given(system: FakeSystem) -> None:
    system.go.set()
    found = SystemLookup(1)("photos.example", Deadline(5))
    assert found == [ipaddress.ip_address("93.184.216.34"), ipaddress.ip_address("2606:2800::1")]


def test_a_name_is_asked_for_as_a_whole_and_never_inside_our_own_domains(system: FakeSystem) -> None:
    system.go.set()
    SystemLookup(1)("photos.example", Deadline(5))
    assert system.asked[0][0] == "photos.example."


def test_an_address_with_a_zone_is_given_as_such(system: FakeSystem) -> None:
    system.go.set()
    system.answer = ["fe80::1%2"]
    assert SystemLookup(1)("photos.example", Deadline(5)) == [ipaddress.ip_address("fe80::1%2")]


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), socket.gaierror(-3, "try again"), OSError()])
def test_a_name_without_an_address_has_none(system: FakeSystem, error: OSError) -> None:
    system.go.set()
    system.answer = error
    assert SystemLookup(1)("photos.example", Deadline(5)) == []


def test_a_name_server_that_is_silent_is_left_when_the_time_is_up(system: FakeSystem) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        SystemLookup(1)("photos.example", Deadline(0.1))
    assert time.monotonic() - started < 5


def test_nothing_is_asked_when_the_time_is_up_already(system: FakeSystem) -> None:
    with pytest.raises(TimeoutError):
        SystemLookup(1)("photos.example", Deadline(0))
    assert system.asked == []


@pytest.mark.parametrize("max_lookups", [1, 3])
def test_questions_without_an_answer_are_no_more_than_max_lookups(system: FakeSystem, max_lookups: int) -> None:
    lookup = SystemLookup(max_lookups)
    for _ in range(max_lookups):
        with pytest.raises(TimeoutError):
            lookup("photos.example", Deadline(0.01))
    with pytest.raises(BusyError, match="Too many addresses are being looked up"):
        lookup("photos.example", Deadline(5))
    assert len(system.asked) == max_lookups


def test_a_question_that_is_answered_late_gives_its_place_back(system: FakeSystem) -> None:
    lookup = SystemLookup(1)
    with pytest.raises(TimeoutError):
        lookup("photos.example", Deadline(0.01))
    system.go.set()
    for thread in threading.enumerate():
        if thread.name == "lookup":
            thread.join(5)
    assert len(lookup("photos.example", Deadline(5))) == 2


def test_where_there_are_no_more_threads_the_place_is_given_back(
    system: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.go.set()
    lookup = SystemLookup(1)

    def no_more(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_more)
        with pytest.raises(BusyError):
            lookup("photos.example", Deadline(5))
    assert len(lookup("photos.example", Deadline(5))) == 2
