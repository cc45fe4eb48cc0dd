"""Photos in a form: `multipart/form-data` with files named `photo`."""

from __future__ import annotations

from typing import Any

from flask import Request

from app.errors import NoPhotoError, UrlNotSupportedError
from app.intake.form import PHOTO_FIELD, URL_FIELD
from app.intake.incoming import IncomingPhoto, arrived_photo, plain_source


def read_upload(request: Request) -> list[IncomingPhoto]:
    """The photos of a form, in its order; fields `url` come last.

    Raises:
        NoPhotoError: there is none.
        MalformedRequestError, RequestTooLargeError, TooManyPhotosError: see `app.intake.form`.
    """
    files = [file for file in request.files.getlist(PHOTO_FIELD) if file.filename or _size(file.stream)]
    photos = [
        arrived_photo(plain_source(file.filename, f"photo {number}"), file.stream.read())
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
