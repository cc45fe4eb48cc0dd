"""When a request's body has arrived, and what of it the application reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gunicorn.http.body import Body, LengthReader
from gunicorn.http.errors import ParseException
from gunicorn.http.message import Request

from app.errors import WhichParkError
from app.intake.arrived_body import ArrivedBody
from app.ops.serving.buffered_socket import BufferedSocket
from app.ops.serving.refusals import broken_chunks, too_many_chunks

# gunicorn reads a chunked body at least 1 KiB at a time: what shows that a body is over the limit must be whole steps.
_BEYOND_BYTES = 65_536
_MAX_LINE_BYTES = 8_192
# What is not content may have so many bytes, and so many more for each byte of content: chunks of 250 bytes may fill a
# body, of one byte there may be 68,000. It is chunks that cost: 300,000 of one byte, 1.8 MB, kept a core for 3 s.
_MOST_FRAMING_BYTES = 200_000
_FRAMING_SHARE = 0.02


class BodyWatch(Protocol):
    """`is_whole`: its end has been seen. `is_enough`: no more is needed to answer, be it whole or refused.

    `refusal`: what to answer with, where what has been seen makes no sense.
    """

    is_whole: bool
    is_enough: bool
    refusal: WhichParkError | None

    def see(self, data: bytes) -> None:
        """The next bytes of the body, as they came off the wire."""


def watch_body(request: Request, max_body_bytes: int) -> BodyWatch:
    """The watch of a request whose head has been parsed."""
    reader = request.body.reader
    if isinstance(reader, LengthReader):
        return LengthWatch(reader.length, max_body_bytes)
    return ChunkWatch(max_body_bytes)


class LengthWatch:
    """A body of a stated length; one over the limit is refused by its length, without a byte of it."""

    refusal: WhichParkError | None = None

    def __init__(self, length: int, max_body_bytes: int) -> None:
        self._left = length
        self.is_whole = length == 0
        self.is_enough = self.is_whole or length > max_body_bytes

    def see(self, data: bytes) -> None:
        """See BodyWatch."""
        self._left -= len(data)
        if self._left <= 0:
            self.is_whole = self.is_enough = True


class ChunkWatch:
    """A chunked body (RFC 9112, section 7.1): enough at its end, at nonsense, or well over the limit.

    What is not content (sizes, extensions, trailers) has a limit of its own.
    """

    def __init__(self, max_body_bytes: int) -> None:
        self._most = max_body_bytes + _BEYOND_BYTES
        self._n_content = self._n_framing = 0
        self._content_left = 0  # Of the chunk being seen, with its line end.
        self._line = b""
        self._in_trailers = False
        self.is_whole = self.is_enough = False
        self.refusal: WhichParkError | None = None

    def see(self, data: bytes) -> None:
        """See BodyWatch."""
        at = 0
        while at < len(data) and not self.is_enough:
            at = self._see_content(data, at) if self._content_left else self._see_line(data, at)
        self.is_enough |= self._n_content > self._most
        if self._n_framing > _MOST_FRAMING_BYTES + _FRAMING_SHARE * self._n_content:
            self._refuse(too_many_chunks())

    def _see_content(self, data: bytes, at: int) -> int:
        step = min(self._content_left, len(data) - at)
        self._content_left -= step
        self._n_content += step
        return at + step

    def _see_line(self, data: bytes, at: int) -> int:
        end = data.find(b"\n", at)
        upto = len(data) if end < 0 else end + 1
        self._line += data[at:upto]
        self._n_framing += upto - at
        if end >= 0:
            self._take_line(self._line.strip())
            self._line = b""
        elif len(self._line) > _MAX_LINE_BYTES:
            self._refuse(broken_chunks())
        return upto

    def _take_line(self, line: bytes) -> None:
        if self._in_trailers:
            self.is_whole = self.is_enough = not line
            return
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            size = -1
        if size < 0:
            self._refuse(broken_chunks())
        self._in_trailers = size == 0
        self._content_left = max(0, size) and size + len(b"\r\n")

    def _refuse(self, refusal: WhichParkError) -> None:
        self.refusal = refusal
        self.is_enough = True


def readable_body(body: Body, sock: BufferedSocket) -> ArrivedBody | ReadableBody:
    """What the application reads: without gunicorn's reader where all of a stated length has arrived."""
    reader = body.reader
    if not isinstance(reader, LengthReader) or reader.length > _n_arrived(reader, sock):
        return ReadableBody(body)
    pieces, next_request = _cut([reader.unreader.take_buffered(), *sock.take_all()], reader.length)
    reader.unreader.unread(next_request)
    reader.length = 0
    return ArrivedBody(pieces)


def _cut(pieces: Sequence[bytes], length: int) -> tuple[list[bytes], bytes]:
    """The pieces up to a length, and what comes after."""
    for number, piece in enumerate(pieces):
        if len(piece) > length:
            return [*pieces[:number], piece[:length]], b"".join([piece[length:], *pieces[number + 1 :]])
        length -= len(piece)
    return list(pieces), b""


def _n_arrived(reader: LengthReader, sock: BufferedSocket) -> int:
    return len(reader.unreader.buf.getbuffer()) + sock.n_unread


class ReadableBody:
    """A body whose broken framing is a broken connection to its reader: an OSError, as every reader of WSGI expects."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        """See `io.RawIOBase`.

        Raises:
            ConnectionError: what was sent is not framed as RFC 9112 has it.
        """
        try:
            return bytes(self._body.read(size))
        except ParseException as exc:
            raise ConnectionError("The request's chunks are broken.") from exc

    def readline(self, size: int | None = None) -> bytes:
        """See `read`."""
        try:
            return bytes(self._body.readline(size))
        except ParseException as exc:
            raise ConnectionError("The request's chunks are broken.") from exc
