"""Forms (`multipart/form-data`), read strictly and in memory.

Werkzeug's own parser answers a broken form with an empty one, so that a client with a wrong boundary is told that its
photo is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import IO, Any, cast

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser
from werkzeug.datastructures import FileStorage
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from app.errors import MalformedRequestError, RequestTooLargeError, TooManyPhotosError
from app.intake.arrived_body import ArrivedBody

PHOTO_FIELD = "photo"
URL_FIELD = "url"
# A photo as base64 text, how a page carries the photo it shows to the next form: no script, and nothing is stored.
PHOTO_DATA_FIELD = "photo_data"
PHOTO_FIELDS = (PHOTO_FIELD, URL_FIELD, PHOTO_DATA_FIELD)
# Parts a form may have beside its photos: notes, tokens, what a browser adds.
MAX_OTHER_PARTS = 16

# Of a body that gunicorn reads, a chunked one: larger steps cost it more copies.
READ_STEP_BYTES = 65_536
_LET_IT_BE_MADE = "Let your HTTP client make the form's Content-Type; it ends in '; boundary=…'."


class FormText(str):
    """A text field. `position` is its place among the form's parts, which `request.form` and `request.files` forget."""

    position: int


class FormFile(FileStorage):
    """A file. `position` is its place among the form's parts."""

    position: int


class FormParser(FormDataParser):
    """What `request.form` and `request.files` are read with.

    `max_form_parts` and `max_form_memory_size`, the most bytes of a text field, come from Flask's configuration.
    A photo as text may be as large as one in a file: what bounds both is the limit of the whole body.
    """

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], Any, Any]:
        """The stream, the text fields and the files.

        Raises:
            MalformedRequestError: not a whole form.
            RequestTooLargeError, TooManyPhotosError: more parts, or text in one, than are taken.
            werkzeug.exceptions.RequestEntityTooLarge: the body is over the limit in bytes.
        """
        if mimetype != "multipart/form-data":
            return super().parse(stream, mimetype, content_length, options)
        boundary = (options or {}).get("boundary", "")
        if not boundary:
            raise MalformedRequestError(f"The form's Content-Type names no boundary. {_LET_IT_BE_MADE}")
        fields, files = [], []
        for position, (part, content) in enumerate(self._parts(stream, boundary)):
            if part.filename is None:
                fields.append((part.name, _text(content, position)))
            else:
                files.append((part.name, _file(part, content, position)))
        return stream, self.cls(fields), self.cls(files)

    def _parts(self, stream: IO[bytes], boundary: str) -> Iterator[tuple[MultipartSegment, bytes]]:
        """Each part with its whole content. A broken form, or one over a limit, raises as soon as it shows."""
        names: Counter[str] = Counter()
        part, pieces = MultipartSegment([]), list[bytes]()
        try:
            for event in _events(stream, boundary):
                if isinstance(event, MultipartSegment):
                    part, pieces = event, []
                    part.filename = _filename(part)
                    names[part.name or ""] += 1
                    self._ensure_not_too_many(names)
                elif event is None:
                    yield part, b"".join(pieces)
                else:
                    pieces.append(event)
                    self._ensure_short(part)
        except MultipartError as exc:
            raise _in_our_words(exc, names.total()) from exc

    def _ensure_not_too_many(self, names: Counter[str]) -> None:
        if self.max_form_parts is None or names.total() <= self.max_form_parts:
            return
        max_photos = self.max_form_parts - MAX_OTHER_PARTS
        if sum(names[field] for field in PHOTO_FIELDS) > max_photos:
            raise TooManyPhotosError(f"At most {max_photos} photos are taken in one request, this one has more.")
        raise RequestTooLargeError(f"A form may have {self.max_form_parts} fields, this one has more.")

    def _ensure_short(self, part: MultipartSegment) -> None:
        limit = self.max_form_memory_size
        if limit is None or part.filename is not None or part.name == PHOTO_DATA_FIELD:
            return
        if part.bytes_received > limit:
            raise RequestTooLargeError(
                f"A text field of a form may have {limit} bytes, the field '{part.name}' has more. "
                f"A photo is sent as a file; with curl: -F {PHOTO_FIELD}=@half-dome.jpg"
            )


def _events(stream: IO[bytes], boundary: str) -> Iterator[MultipartSegment | bytes | None]:
    """What the parser finds: a part's head, pieces of its content, None at its end. Nothing in an empty body."""
    read = stream.read if isinstance(stream, ArrivedBody) else partial(stream.read, READ_STEP_BYTES)
    piece = read()
    if not piece:
        return
    with PushMultipartParser(boundary) as parser:
        while piece:
            yield from parser.parse(piece)
            piece = read()


def _filename(part: MultipartSegment) -> str | None:
    """The file's name; None for a text field. RFC 7578 forbids `filename*` (RFC 5987), some clients send it still."""
    disposition = dict(part.headerlist)["Content-Disposition"]
    if "filename*" in disposition:
        return parse_options_header(disposition)[1].get("filename")
    return cast(str | None, part.filename)


def _text(content: bytes, position: int) -> FormText:
    text = FormText(content.decode(errors="replace"))
    text.position = position
    return text


def _file(part: MultipartSegment, content: bytes, position: int) -> FormFile:
    file = FormFile(BytesIO(content), part.filename, part.name)
    file.position = position
    return file


def _in_our_words(error: MultipartError, n_parts: int) -> MalformedRequestError | RequestTooLargeError:
    if isinstance(error, ParserLimitReached):
        return RequestTooLargeError("A part of the form has a head of more lines, or longer ones, than are taken.")
    if isinstance(error.__context__, UnicodeDecodeError):
        return MalformedRequestError("The head of a part of the form, its file name perhaps, is not UTF-8 text.")
    if n_parts == 0:
        return MalformedRequestError(
            f"The form has no whole part: {error.args[0]}. Either it was cut off, or its Content-Type names another "
            f"boundary. {_LET_IT_BE_MADE}"
        )
    return MalformedRequestError(f"The form breaks off or is damaged in its part {n_parts}: {error.args[0]}.")
