"""The watch of a body: where it ends, and when enough of it has arrived to refuse it."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser
from gunicorn.http.body import Body, ChunkedReader, LengthReader

from app.errors import MalformedRequestError
from app.intake.arrived_body import ArrivedBody
from app.ops.serving.buffered_socket import BufferedSocket
from app.ops.serving.framing import BodyWatch, ChunkWatch, LengthWatch, ReadableBody, readable_body, watch_body

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
def test_rubbish_is_refused(rubbish: bytes) -> None:
    watch = ChunkWatch(100)
    assert seen(watch, rubbish) == (False, True)
    assert isinstance(watch.refusal, MalformedRequestError)


@pytest.mark.parametrize(("n_content", "is_enough"), [(100 + BEYOND, False), (101 + BEYOND, True)])
def test_a_chunked_body_over_its_limit_is_enough(n_content: int, is_enough: bool) -> None:
    watch = ChunkWatch(100)
    assert seen(watch, b"fffffff\r\n" + bytes(n_content)) == (False, is_enough)
    assert watch.refusal is None  # Its reader says that it is too large.


def chunks(size: int, n: int) -> bytes:
    return (b"%x\r\n" % size + bytes(size) + b"\r\n") * n


MOST_OF_A_BYTE = 68_027  # 3 bytes between them, 3 in each with its line end: 3 n = 200,000 + 0.02 * 3 n.


@pytest.mark.parametrize(("n", "is_refused"), [(MOST_OF_A_BYTE - 1, False), (MOST_OF_A_BYTE, False),
                                               (MOST_OF_A_BYTE + 1, True)])  # fmt: skip
def test_the_most_chunks_of_a_byte(n: int, is_refused: bool) -> None:
    watch = ChunkWatch(20_000_000)
    assert seen(watch, *[chunks(1, 1)] * n) == (False, is_refused)
    assert (watch.refusal is not None) is is_refused


def test_chunks_that_are_not_tiny_may_be_as_many_as_fit() -> None:
    assert seen(ChunkWatch(20_000_000), *[chunks(256, 1000)] * 77) == (False, False)


@pytest.mark.parametrize("piece", [b"5;" + b"a=b;" * 2000 + b"\r\nabcde\r\n", b"0\r\n" + b"A: b\r\n" * 1000])
def test_what_is_not_content_has_a_limit(piece: bytes) -> None:
    watch = ChunkWatch(20_000_000)
    while not watch.is_enough:
        watch.see(piece)
        piece = piece.removeprefix(b"0\r\n")  # Of trailers there is one beginning.
    assert isinstance(watch.refusal, MalformedRequestError)


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


@contextmanager
def arrived(content: bytes, length: int) -> Iterator[tuple[Body, BufferedSocket]]:
    """A body of that stated length, of which this much has arrived: a little read too far, the rest on the socket."""
    ours, theirs = socket.socketpair()
    with theirs, closing(BufferedSocket(ours)) as sock:
        theirs.sendall(content[2:])
        sock.take_in()
        parser = get_parser(Config(), iter([]), None)
        parser.unreader.unread(content[:2])
        yield Body(LengthReader(parser.unreader, length)), sock


@pytest.mark.parametrize("length", [0, 1, 2, 3, 6])
@pytest.mark.parametrize("after", [b"", b"GET / HTTP/1.1\r\n"])
def test_a_body_that_is_all_there_is_given_and_the_next_request_is_left(after: bytes, length: int) -> None:
    content = b"abcdef"[:length]
    with arrived(content + after, length) as (body, sock):
        given = readable_body(body, sock)
        assert isinstance(given, ArrivedBody) and given.n_bytes == length
        assert given.read() == content
        assert body.read() == b""
        assert body.reader.unreader.take_buffered() + sock.unread() == after


def test_a_body_that_breaks_off_is_not_taken_for_whole() -> None:
    with arrived(b"abcde", 6) as (body, sock):
        assert isinstance(readable_body(body, sock), ReadableBody)
        assert sock.unread() == b"cde"
