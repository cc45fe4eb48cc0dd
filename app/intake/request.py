"""A request's photos, whichever way they were sent."""

from __future__ import annotations

from flask import Request

from app.errors import TooManyPhotosError, UnsupportedContentTypeError
from app.intake.base64_json import read_json
from app.intake.incoming import IncomingPhoto
from app.intake.raw_body import read_raw_body
from app.intake.upload import read_upload


def read_photos(request: Request, max_photos: int) -> list[IncomingPhoto]:
    """The photos of a request, by its Content-Type; at least one.

    Raises:
        UnsupportedContentTypeError: another Content-Type, or none.
        TooManyPhotosError: more than `max_photos`.
        NoPhotoError, MalformedRequestError, RequestTooLargeError: see the readers.
        werkzeug.exceptions.RequestEntityTooLarge: the body is over the limit in bytes.
    """
    photos = _read_any(request)
    if len(photos) > max_photos:
        most = "One photo is" if max_photos == 1 else f"At most {max_photos} photos are"
        raise TooManyPhotosError(f"{most} taken in one request, this one has {len(photos)}.")
    return photos


def _read_any(request: Request) -> list[IncomingPhoto]:
    kind = request.mimetype
    if kind == "multipart/form-data":
        return read_upload(request)
    if kind == "application/json":
        return read_json(request)
    if kind == "application/octet-stream" or kind.startswith("image/"):
        return read_raw_body(request)
    raise UnsupportedContentTypeError(
        f"The Content-Type is {kind or 'missing'}. Send multipart/form-data with files named 'photo', a photo as the "
        "body (image/* or application/octet-stream), or application/json."
    )
