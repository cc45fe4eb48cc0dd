"""A body once all of it has arrived: whatever way it is read, it is the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.intake.arrived_body import ArrivedBody

PIECES = (b"ab\nc", b"", b"d", b"e\nf")


def one_by_one(body: ArrivedBody, size: int) -> list[bytes]:
    return list(iter(lambda: body.read1(size), b""))


@pytest.mark.parametrize(
    ("read", "found"),
    [
        (lambda body: one_by_one(body, -1), [b"ab\nc", b"d", b"e\nf"]),
        (lambda body: one_by_one(body, 3), [b"ab\n", b"cde", b"\nf"]),
        (lambda body: [body.read(3), *one_by_one(body, -1)], [b"ab\n", b"cde\nf"]),
        (lambda body: [body.read1(), body.read()], [b"ab\nc", b"de\nf"]),
        (lambda body: [body.read1(), body.readline(), body.read(1)], [b"ab\nc", b"de\n", b"f"]),
        (lambda body: list(body), [b"ab\n", b"cde\n", b"f"]),
        (lambda body: [body.read(0), body.read1(0), body.read(None)], [b"", b"", b"ab\ncde\nf"]),
        (lambda body: [body.read(), body.read(), body.read1()], [b"ab\ncde\nf", b"", b""]),
    ],
)
def test_it_is_read_to_its_end(
    read: Callable[[ArrivedBody], list[bytes]], found: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.intake.arrived_body._SMALL_BYTES", 1)
    body = ArrivedBody(PIECES)
    assert (body.n_bytes, body.readable()) == (8, True)
    assert read(body) == found


def test_large_pieces_are_given_as_they_came() -> None:
    pieces = [b"x" * 100_000, b"y" * 100_000]
    body = ArrivedBody(pieces)
    assert body.read1() is pieces[0] and body.read1() is pieces[1]


def test_small_pieces_are_given_together() -> None:
    body = ArrivedBody([b"ab"] * 50_000)
    assert [len(piece) for piece in one_by_one(body, -1)] == [65_536, 34_464]


def test_an_empty_body_is_at_its_end() -> None:
    assert ArrivedBody([b""]).read1() == ArrivedBody([]).read() == b""


def test_what_is_read_into_is_filled_across_pieces() -> None:
    buffer = bytearray(6)
    assert ArrivedBody(PIECES).readinto(buffer) == 6
    assert bytes(buffer) == b"ab\ncde"
