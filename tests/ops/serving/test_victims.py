"""Who has to go, of those who wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from app.ops.serving.connection import Phase
from app.ops.serving.victims import fills_memory, least_missed, overdue

NOW = 100.0


@dataclass(eq=False)
class FakeConnection:
    """What is looked at of one."""

    name: str
    phase: Phase = Phase.HEAD
    is_idle: bool = False
    since: float = 0.0
    until: float = 200.0


def names(conns: list[Any]) -> list[str]:
    return [conn.name for conn in conns]


def waiting(*conns: FakeConnection) -> Any:
    return dict.fromkeys(conns)


def test_who_is_late_is_late_at_the_moment_itself() -> None:
    conns = waiting(
        FakeConnection("late", until=99), FakeConnection("now", until=100), FakeConnection("not", until=101)
    )
    assert names(overdue(conns, NOW)) == ["late", "now"]


@pytest.mark.parametrize(
    ("conns", "victim"),
    [
        ((FakeConnection("slow"), FakeConnection("idle", is_idle=True)), "idle"),
        ((FakeConnection("slow"), FakeConnection("just come", is_idle=True, since=99.5)), "slow"),
        ((FakeConnection("slow"), FakeConnection("slow too")), "slow"),
        ((FakeConnection("just come", is_idle=True, since=99.5),), "just come"),
    ],
)
def test_of_too_many_goes_who_is_missed_least(conns: tuple[FakeConnection, ...], victim: str) -> None:
    found = least_missed(waiting(*conns), NOW)
    assert found is not None and names([found]) == [victim]


def test_where_nobody_waits_nobody_goes() -> None:
    assert least_missed(waiting(), NOW) is None
    assert fills_memory(waiting(FakeConnection("a"), FakeConnection("b", phase=Phase.LINGERING))) is None


@pytest.mark.parametrize("phase", [Phase.BODY, Phase.SENDING])
def test_who_fills_the_memory_longest_goes(phase: Phase) -> None:
    conns = waiting(FakeConnection("a"), FakeConnection("b", phase=phase), FakeConnection("c", phase=Phase.BODY))
    found = fills_memory(conns)
    assert found is not None and names([found]) == ["b"]
