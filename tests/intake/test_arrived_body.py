"""A body once all of it has arrived: whatever way it is read, it is the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.intake.arrived_body import ArrivedBody

PIECES = (b"ab\nc", b"", b"d", b"e\nf")


@pytest.mark.parametrize(
    ("read", "found"),
    [
        (lambda body: [body.read(), body.read()], [b"ab\ncde\nf", b""]),
        (lambda body: list(iter(lambda: body.read(3), b"")), [b"ab\n", b"cde", b"\nf"]),
        (lambda body: [body.read(3), body.read(), body.read(3)], [b"ab\n", b"cde\nf", b""]),
        (lambda body: [body.readline(), body.read(1), body.read()], [b"ab\n", b"c", b"de\nf"]),
        (lambda body: list(body), [b"ab\n", b"cde\n", b"f"]),
        (lambda body: [body.read(0), body.read(None)], [b"", b"ab\ncde\nf"]),
        (lambda body: [body.read(), body.readline(), body.read(1)], [b"ab\ncde\nf", b"", b""]),
    ],
)
def test_it_is_read_to_its_end(read: Callable[[ArrivedBody], list[bytes]], found: list[bytes]) -> None:
    body = ArrivedBody(PIECES)
    assert (body.n_bytes, body.readable()) == (8, True)
    assert read(body) == found


def test_one_that_came_at_once_is_not_copied() -> None:
    piece = b"x" * 100_000
    assert ArrivedBody([b"", piece]).read() is piece


def test_an_empty_body_is_at_its_end() -> None:
    assert ArrivedBody([b""]).read() == ArrivedBody([]).read(1) == b""


def test_what_is_read_into_is_filled_across_pieces() -> None:
    buffer = bytearray(6)
    assert ArrivedBody(PIECES).readinto(buffer) == 6
    assert bytes(buffer) == b"ab\ncde"
