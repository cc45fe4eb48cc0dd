"""The body of a request: within its limit, and never on disk."""

from __future__ import annotations

from typing import IO, cast

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream, get_input_stream

from app.intake.arrived_body import ArrivedBody
from app.intake.form import FormParser


class BodyWithinLimit(LimitedStream):
    """A body whose end the server finds; its first byte over the limit raises, and not a byte sooner.

    Werkzeug's own cuts a chunked body at the limit without a word, and refuses a form of exactly that size.
    """

    def __init__(self, body: IO[bytes], max_bytes: int) -> None:
        super().__init__(body, max_bytes + 1, is_max=True)

    def readinto(self, buffer: bytearray) -> int | None:  # type: ignore[override]
        """See `io.RawIOBase`.

        Raises:
            RequestEntityTooLarge: the body is over the limit.
        """
        n_read = super().readinto(buffer)
        if self.is_exhausted:
            raise RequestEntityTooLarge
        return n_read


class InMemoryRequest(Request):
    """A Flask request whose forms are read strictly and never written to disk.

    Werkzeug's own spools files above 500 kB to temporary ones.
    """

    form_data_parser_class = FormParser

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, at most `MAX_CONTENT_LENGTH` bytes of it."""
        limit = self.max_content_length
        body = get_input_stream(self.environ, max_content_length=limit)
        arrived = self.environ["wsgi.input"]
        if isinstance(arrived, ArrivedBody) and arrived.n_bytes == self.content_length:
            return cast(IO[bytes], arrived)  # Nobody has to stand between it and its reader, to count and copy.
        if limit is None or "wsgi.input_terminated" not in self.environ:
            return body
        return cast(IO[bytes], BodyWithinLimit(arrived, limit))
