"""A photo that is the whole body of its request."""

from __future__ import annotations

from flask import Request

from app.errors import NoPhotoError
from app.intake.incoming import IncomingPhoto


def read_raw_body(request: Request) -> list[IncomingPhoto]:
    """The one photo of the body.

    Raises:
        NoPhotoError: the body is empty.
    """
    image_bytes = request.get_data(cache=False)
    if not image_bytes:
        raise NoPhotoError("The body is empty. With curl: --data-binary @half-dome.jpg")
    return [IncomingPhoto("body", image_bytes)]
