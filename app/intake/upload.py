"""Photos in a form: `multipart/form-data` with files named `photo`."""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any, cast

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream, get_input_stream

from app.errors import NoPhotoError, UrlNotSupportedError
from app.intake.incoming import IncomingPhoto, plain_source

PHOTO_FIELD = "photo"
URL_FIELD = "url"


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
    """A Flask request that never writes an upload to disk (Werkzeug spools files above 500 kB to a temporary one)."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, at most `MAX_CONTENT_LENGTH` bytes of it."""
        limit = self.max_content_length
        body = get_input_stream(self.environ, max_content_length=limit)
        if limit is None or "wsgi.input_terminated" not in self.environ:
            return body
        return cast(IO[bytes], BodyWithinLimit(self.environ["wsgi.input"], limit))

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return BytesIO()


def read_upload(request: Request) -> list[IncomingPhoto]:
    """The photos of a form, in its order; fields `url` come last.

    Raises:
        NoPhotoError: there is none.
    """
    files = [file for file in request.files.getlist(PHOTO_FIELD) if file.filename or _size(file.stream)]
    photos = [
        IncomingPhoto(plain_source(file.filename, f"photo {number}"), file.stream.read())
        for number, file in enumerate(files, start=1)
    ]
    photos += [url_not_supported(url) for url in request.form.getlist(URL_FIELD) if url.strip()]
    if not photos:
        raise NoPhotoError(_why_none(request))
    return photos


def url_not_supported(url: str) -> IncomingPhoto:
    """The answer for a photo named by its address."""
    error = UrlNotSupportedError("This server does not fetch photos from addresses. Send the photo itself.")
    return IncomingPhoto(plain_source(url, URL_FIELD), error=error)


def _size(stream: Any) -> int:
    return len(stream.getbuffer())


def _why_none(request: Request) -> str:
    if PHOTO_FIELD in request.form:
        return f"The field '{PHOTO_FIELD}' holds text, not a file. With curl: -F {PHOTO_FIELD}=@half-dome.jpg"
    others = sorted({plain_source(name, "''") for name in request.files})
    got = f"it has files named {', '.join(others)}" if others else "it has none"
    return f"The form needs at least one file named '{PHOTO_FIELD}'; {got}."
