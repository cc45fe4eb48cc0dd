"""Which way a photo was sent, and how many."""

from __future__ import annotations

import base64
import json

import pytest

from app.errors import EmptyPhotoError, TooManyPhotosError, UnsupportedContentTypeError, UrlNotSupportedError
from app.intake.incoming import IncomingPhoto
from app.intake.request import read_photos
from tests.forms import FORM, form_body, make_request


@pytest.mark.parametrize(
    "content_type",
    [
        "image/jpeg",
        "image/png",
        "image/heic",
        "image/anything",
        "IMAGE/JPEG",
        "image/jpeg; q=1",
        "application/octet-stream",
        "Application/Octet-Stream",
    ],
)
def test_a_body_of_an_image_type_is_the_photo(content_type: str) -> None:
    assert read_photos(make_request(b"bytes", content_type), 1) == [IncomingPhoto("body", b"bytes")]


@pytest.mark.parametrize("content_type", [FORM, FORM.replace("multipart", "Multipart")])
def test_a_form_is_read_as_one(content_type: str) -> None:
    body = form_body(("photo", "a.jpg", b"bytes"))
    assert read_photos(make_request(body, content_type), 1) == [IncomingPhoto("a.jpg", b"bytes")]


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_is_read_as_such(content_type: str) -> None:
    body = json.dumps({"photos": [{"base64": base64.b64encode(b"bytes").decode()}]}).encode()
    assert read_photos(make_request(body, content_type), 1) == [IncomingPhoto("photos[0]", b"bytes")]


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonl", "multipart/mixed", "image",
     "*/*", "video/mp4", "not a type", "é"],
)  # fmt: skip
def test_another_content_type_is_named_in_the_error(content_type: str | None) -> None:
    with pytest.raises(
        UnsupportedContentTypeError, match=f"The Content-Type is {content_type or 'missing'}".replace("*", ".")
    ):
        read_photos(make_request(b"bytes", content_type), 1)


@pytest.mark.parametrize("content_type", ["image/jpeg", "application/octet-stream"])
def test_an_empty_body_is_an_empty_photo(content_type: str) -> None:
    [photo] = read_photos(make_request(b"", content_type), 1)
    assert isinstance(photo.error, EmptyPhotoError)


@pytest.mark.parametrize("n_photos", [1, 2, 3])
def test_as_many_photos_as_max_photos_are_taken(n_photos: int) -> None:
    body = form_body(*[("photo", "a.jpg", b"1")] * n_photos)
    assert len(read_photos(make_request(body, FORM), 3)) == n_photos


@pytest.mark.parametrize("as_json", [False, True])
def test_one_photo_more_than_max_photos_is_too_many(as_json: bool) -> None:
    in_json = json.dumps({"photos": [{"base64": "AAAA"}] * 4}).encode()
    in_form = form_body(*[("photo", "a.jpg", b"1")] * 4)
    request = make_request(in_json, "application/json") if as_json else make_request(in_form, FORM)
    with pytest.raises(TooManyPhotosError, match="At most 3 photos are taken in one request, this one has 4"):
        read_photos(request, 3)


@pytest.mark.parametrize("as_json", [False, True])
def test_where_photos_are_not_fetched_an_address_is_the_photos_error(as_json: bool) -> None:
    in_json = json.dumps({"photos": [{"url": "http://x/?secret"}, {"base64": "AAAA"}]}).encode()
    in_form = form_body(("url", None, b"http://x/?secret"), ("photo", "a.jpg", bytes(3)))
    request = make_request(in_json, "application/json") if as_json else make_request(in_form, FORM)
    photos = read_photos(request, 2, None)
    [refused] = [photo for photo in photos if photo.error]
    assert refused.source == ("photos[0]" if as_json else "url 1")
    assert isinstance(refused.error, UrlNotSupportedError)
    assert [photo.image_bytes for photo in photos if not photo.error] == [bytes(3)]


def test_an_address_counts_as_a_photo() -> None:
    body = form_body(("photo", "a.jpg", b"1"), ("url", None, b"http://x/b.jpg"))
    with pytest.raises(TooManyPhotosError):
        read_photos(make_request(body, FORM), 1)
