"""The watch of a body: where it ends, and when enough of it has arrived to refuse it."""

from __future__ import annotations

import io

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser
from gunicorn.http.body import Body, ChunkedReader, LengthReader

from app.ops.serving.framing import BodyWatch, ChunkWatch, LengthWatch, ReadableBody, watch_body

BEYOND = 65_536  # What is taken of a chunked body beyond its limit.


def seen(watch: BodyWatch, *pieces: bytes) -> tuple[bool, bool]:
    for piece in pieces:
        watch.see(piece)
    return watch.is_whole, watch.is_enough


@pytest.mark.parametrize(
    ("length", "arrived", "is_whole", "is_enough"),
    [
        (0, 0, True, True),
        (1, 0, False, False),
        (100, 99, False, False),
        (100, 100, True, True),
        (100, 120, True, True),  # With the beginning of the next request.
        (101, 0, False, True),  # Over the limit: not a byte is awaited.
    ],
)
def test_a_body_of_a_stated_length(length: int, arrived: int, is_whole: bool, is_enough: bool) -> None:
    assert seen(LengthWatch(length, max_body_bytes=100), bytes(arrived)) == (is_whole, is_enough)


WHOLE = b"5\r\nabcde\r\n1;a=b\r\nx\r\n0\r\nTrailer: x\r\n\r\n"


@pytest.mark.parametrize("step", [1, 2, 3, 7, len(WHOLE)])
def test_a_chunked_body_ends_with_its_last_byte_however_it_arrives(step: int) -> None:
    watch = ChunkWatch(100)
    pieces = [WHOLE[at : at + step] for at in range(0, len(WHOLE), step)]
    assert seen(watch, *pieces[:-1]) == (False, False)
    assert seen(watch, pieces[-1]) == (True, True)


def test_what_follows_a_chunked_body_is_not_seen_as_of_it() -> None:
    assert seen(ChunkWatch(100), WHOLE + b"zz\r\n") == (True, True)


def test_a_line_end_inside_a_chunk_is_content() -> None:
    assert seen(ChunkWatch(100), b"4\r\n0\r\n\r\r\n") == (False, False)


@pytest.mark.parametrize("rubbish", [b"zz\r\n", b"-5\r\n", b"\r\n", b"5 5\r\n", b"1" * 8193])
def test_rubbish_is_enough_for_the_parser_to_refuse(rubbish: bytes) -> None:
    assert seen(ChunkWatch(100), rubbish) == (False, True)


@pytest.mark.parametrize(("n_content", "is_enough"), [(100 + BEYOND, False), (101 + BEYOND, True)])
def test_a_chunked_body_over_its_limit_is_enough(n_content: int, is_enough: bool) -> None:
    assert seen(ChunkWatch(100), b"fffffff\r\n" + bytes(n_content)) == (False, is_enough)


def test_framing_has_the_limit_of_content() -> None:
    watch = ChunkWatch(100)
    n_seen = 0
    while not watch.is_enough:
        watch.see(b"1\r\nx\r\n")
        n_seen += 6
    assert BEYOND < n_seen < 4 * BEYOND


@pytest.mark.parametrize(
    ("headers", "kind"),
    [("Content-Length: 5\r\n", LengthWatch), ("Transfer-Encoding: chunked\r\n", ChunkWatch), ("", LengthWatch)],
)
def test_the_head_says_how_the_body_ends(headers: str, kind: type) -> None:
    head = f"POST / HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode()
    request = next(get_parser(Config(), iter([head]), None))
    assert isinstance(watch_body(request, 100), kind)


def body(reader: type, content: bytes, *arguments: object) -> ReadableBody:
    parser = get_parser(Config(), iter([content]), None)
    request = (parser,) if reader is ChunkedReader else ()
    return ReadableBody(Body(reader(*request, parser.unreader, *arguments)))


def test_a_readable_body_is_read_as_it_is() -> None:
    assert body(ChunkedReader, WHOLE.replace(b"Trailer: x\r\n", b"")).read() == b"abcdex"
    assert body(LengthReader, b"a\nb", 3).readline() == b"a\n"
    assert io.BytesIO(body(LengthReader, b"abc", 3).read(2)).read() == b"ab"


@pytest.mark.parametrize("method", ["read", "readline"])
def test_broken_chunks_are_a_broken_connection(method: str) -> None:
    with pytest.raises(ConnectionError, match="chunks are broken"):
        getattr(body(ChunkedReader, b"zz\r\n"), method)()
