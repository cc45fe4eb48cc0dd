"""IncomingPhoto, and the two ways one comes: with its request, or from an address that the request names."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from app.errors import EmptyPhotoError, PhotoError

_MAX_SOURCE_CHARS = 200


@dataclass(frozen=True)
class IncomingPhoto:
    """One photo of a request: its bytes, or the error that kept it from arriving.

    `source` is what the client calls it.
    """

    source: str
    image_bytes: bytes = b""
    error: PhotoError | None = None


@dataclass(frozen=True)
class PhotoAddress:
    """A photo that is still at its address. `name` is what it is called if `url` turns out to be none."""

    url: str
    name: str


def arrived_photo(source: str, image_bytes: bytes) -> IncomingPhoto:
    """A photo whose bytes are here; without a byte it is an error, whichever way it came."""
    if not image_bytes:
        return IncomingPhoto(source, error=EmptyPhotoError(f"{source} is empty: it has not a single byte."))
    return IncomingPhoto(source, image_bytes)


def plain_source(name: str | None, default: str) -> str:
    """A client's name for a photo, safe to give back and to log: the last path component, no control characters."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip()
    return printable[:_MAX_SOURCE_CHARS] or default
