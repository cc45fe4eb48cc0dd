"""Who has to go when there is too much of time, of connections, of memory. Who has waited longest is given first."""

from __future__ import annotations

from collections.abc import Iterable

from app.ops.serving.connection import Connection, Phase

_IDLE_S = 1.0


def overdue(waiting: Iterable[Connection], now: float) -> list[Connection]:
    """Those whose phase has lasted too long."""
    return [conn for conn in waiting if conn.until <= now]


def least_missed(waiting: Iterable[Connection], now: float) -> Connection | None:
    """Of too many connections: one that has asked nothing for a while, or else who has waited longest.

    So a client that is quick is safe: all who are slow go before it.
    """
    waiting = list(waiting)
    idle = (conn for conn in waiting if conn.is_idle and conn.since < now - _IDLE_S)
    return next(idle, waiting[0] if waiting else None)


def fills_memory(waiting: Iterable[Connection]) -> Connection | None:
    """Of all whose body or answer is kept, the one that has been so longest."""
    return next((conn for conn in waiting if conn.phase in (Phase.BODY, Phase.SENDING)), None)
