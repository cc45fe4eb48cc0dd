"""A request's photos, whichever way they were sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Request

from app.errors import TooManyPhotosError, UnsupportedContentTypeError, UrlNotSupportedError
from app.intake.base64_json import read_json
from app.intake.incoming import IncomingPhoto, PhotoAddress
from app.intake.raw_body import read_raw_body
from app.intake.upload import read_upload
from app.intake.url_fetch.fetcher import UrlFetcher


def read_photos(
    request: Request,
    max_photos: int,
    fetcher: UrlFetcher | None = None,
    charge: Callable[[int], None] = lambda n_photos: None,
) -> list[IncomingPhoto]:
    """The photos of a request, by its Content-Type; at least one. Those it names by their addresses are fetched.

    Args:
        fetcher: None where photos are not fetched.
        charge: called with how many photos they are, before any is fetched; may raise.
    Raises:
        BusyError: too many requests are fetching photos already.
        UnsupportedContentTypeError: another Content-Type, or none.
        TooManyPhotosError: more than `max_photos`.
        NoPhotoError, MalformedRequestError, RequestTooLargeError: see the readers.
        werkzeug.exceptions.RequestEntityTooLarge: the body is over the limit in bytes.
    """
    photos = _read_any(request)
    if len(photos) > max_photos:
        most = "One photo is" if max_photos == 1 else f"At most {max_photos} photos are"
        raise TooManyPhotosError(f"{most} taken in one request, this one has {len(photos)}.")
    charge(len(photos))
    return _with_fetched(photos, fetcher)


def _with_fetched(photos: Sequence[IncomingPhoto | PhotoAddress], fetcher: UrlFetcher | None) -> list[IncomingPhoto]:
    """The photos in their order, each that was an address fetched, or with the error that says why not."""
    addresses = [photo for photo in photos if isinstance(photo, PhotoAddress)]
    if fetcher is None or not addresses:
        fetched = [IncomingPhoto(address.name, error=_not_supported()) for address in addresses]
    else:
        fetched = fetcher.fetch(addresses)
    next_fetched = iter(fetched)
    return [next(next_fetched) if isinstance(photo, PhotoAddress) else photo for photo in photos]


def _not_supported() -> UrlNotSupportedError:
    return UrlNotSupportedError("This server does not fetch photos from addresses. Send the photo itself.")


def _read_any(request: Request) -> Sequence[IncomingPhoto | PhotoAddress]:
    kind = request.mimetype
    if kind == "multipart/form-data":
        return read_upload(request)
    if kind == "application/json":
        return read_json(request)
    if kind == "application/octet-stream" or kind.startswith("image/"):
        return read_raw_body(request)
    raise UnsupportedContentTypeError(
        f"The Content-Type is {kind or 'missing'}. Send multipart/form-data with files named 'photo' or fields 'url', "
        "a photo as the body (image/* or application/octet-stream), or application/json."
    )
