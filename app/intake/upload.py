"""Photos in a form: `multipart/form-data` with files named `photo`, or text fields.

A field `url` has a photo's address, a field `photo_data` the photo itself as base64 text.
"""

from __future__ import annotations

from typing import Any, cast

from flask import Request

from app.errors import NoPhotoError
from app.intake.base64_json import read_base64
from app.intake.form import PHOTO_DATA_FIELD, PHOTO_FIELD, URL_FIELD, FormFile, FormText
from app.intake.incoming import IncomingPhoto, PhotoAddress, arrived_photo, plain_source


def read_upload(request: Request) -> list[IncomingPhoto | PhotoAddress]:
    """The photos of a form, in its order.

    Raises:
        NoPhotoError: there is none, or something under the name of one that is no file.
        MalformedRequestError, RequestTooLargeError, TooManyPhotosError: see `app.intake.form`.
    """
    files = [file for file in request.files.getlist(PHOTO_FIELD) if file.filename or _size(file.stream)]
    photos: dict[int, IncomingPhoto | PhotoAddress] = {}
    for number, file in enumerate(files, start=1):
        name = plain_source(file.filename, f"{PHOTO_FIELD} {number}")
        photos[cast(FormFile, file).position] = arrived_photo(name, file.stream.read())
    for number, url in enumerate(_texts(request, URL_FIELD), start=1):
        photos[url.position] = PhotoAddress(url, f"{URL_FIELD} {number}")
    for number, text in enumerate(_texts(request, PHOTO_DATA_FIELD), start=1):
        photos[text.position] = read_base64(text, f"{PHOTO_DATA_FIELD} {number}")
    if not photos or PHOTO_FIELD in request.form:
        raise NoPhotoError(_why_none(request))
    return [photo for _, photo in sorted(photos.items())]


def _texts(request: Request, field: str) -> list[FormText]:
    """The text fields of that name that are not blank."""
    return [cast(FormText, text) for text in request.form.getlist(field) if text.strip()]


def _size(stream: Any) -> int:
    return len(stream.getbuffer())


def _why_none(request: Request) -> str:
    if PHOTO_FIELD in request.form:
        return f"The field '{PHOTO_FIELD}' holds text, not a file. With curl: -F {PHOTO_FIELD}=@half-dome.jpg"
    others = sorted({plain_source(name, "''") for name in request.files})
    got = f"it has files named {', '.join(others)}" if others else "it has none"
    return f"The form needs at least one file named '{PHOTO_FIELD}', or a field '{URL_FIELD}'; {got}."
