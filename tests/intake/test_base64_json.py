"""Photos as base64 text in JSON."""

from __future__ import annotations

import base64
import json
import tracemalloc

import pytest

from app.errors import (
    EmptyPhotoError,
    MalformedBase64Error,
    MalformedRequestError,
    NoPhotoError,
    RequestTooLargeError,
)
from app.intake.base64_json import MAX_JSON_VALUES, read_base64, read_json
from app.intake.incoming import IncomingPhoto, PhotoAddress
from tests.forms import make_request

CONTENT = bytes(range(256))
TEXT = base64.b64encode(CONTENT).decode()


def _read(body: object) -> list[IncomingPhoto | PhotoAddress]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_json(make_request(data, "application/json"))


def _read_one(text: str) -> IncomingPhoto:
    [photo] = _read({"photos": [{"base64": text}]})
    assert isinstance(photo, IncomingPhoto)
    return photo


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"data:image/jpeg;base64,{TEXT}",
        f"data:;base64,{TEXT}",
        "\n".join(TEXT[at : at + 76] for at in range(0, len(TEXT), 76)),
        "\r\n".join(TEXT[at : at + 64] for at in range(0, len(TEXT), 64)) + "\r\n",
        f"  {TEXT}\t",
        f"data:image/png;base64,\n{TEXT}\n",
    ],
    ids=["plain", "data uri", "data uri without type", "lines of 76", "lines of 64", "spaces", "data uri and lines"],
)
def test_base64_is_decoded(text: str) -> None:
    assert _read_one(text) == IncomingPhoto("photos[0]", CONTENT)


def test_text_that_is_mostly_breaks_takes_little_memory() -> None:
    text = "AAA " * 250_000
    tracemalloc.start()
    try:
        photo = read_base64(text, "photo")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(photo.image_bytes) == 750_000 * 3 // 4
    assert peak < 4 * len(text)


@pytest.mark.parametrize(
    "text", ["!", "abc", "ab=c", "====", "_-_-", "é" * 4, "\ud800" * 4, "a" * 5, f"{TEXT}!", "[object Object]"]
)
def test_text_that_is_no_base64_is_the_photos_error(text: str) -> None:
    photo = _read_one(text)
    assert isinstance(photo.error, MalformedBase64Error)
    assert (photo.source, photo.image_bytes) == ("photos[0]", b"")


@pytest.mark.parametrize("text", ["", "data:image/png;base64,", "data:no comma"])
def test_an_empty_text_is_an_empty_photo(text: str) -> None:
    photo = _read_one(text)
    assert isinstance(photo.error, EmptyPhotoError)
    assert photo.source == "photos[0]"


def test_photos_come_in_order_and_each_with_its_own_error() -> None:
    url = "https://example.org/a/b.jpg?w=9"
    first, second, third, fourth = _read({"photos": [{"base64": TEXT}, {"url": url}, {"base64": "!"}, {"url": ""}]})
    assert first == IncomingPhoto("photos[0]", CONTENT)
    assert (second, fourth) == (PhotoAddress(url, "photos[1]"), PhotoAddress("", "photos[3]"))
    assert isinstance(third, IncomingPhoto) and isinstance(third.error, MalformedBase64Error)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"{",
        b"\xff\xfe",
        b"\x00",
        b"'single'",
        b"[" * 100_000,
        b'{"photos":' * 50_000,
        b'{"photos": [' + b"[" * 50_000,
    ],
)
def test_a_body_that_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequestError, match="is not JSON"):
        _read(body)


@pytest.mark.parametrize(
    "body",
    [None, True, 7, 7.5, "photos", [], [{"base64": TEXT}], {}, {"photo": []}, {"photos": None}, {"photos": {}},
     {"photos": TEXT}, {"photos": 1}, {"Photos": [{"base64": TEXT}]}, b"9" * 5000, b"1." + b"9" * 5000],
)  # fmt: skip
def test_json_without_a_list_of_photos_is_malformed(body: object) -> None:
    with pytest.raises(MalformedRequestError, match="no list 'photos'"):
        _read(body)


@pytest.mark.parametrize(
    "entry",
    [None, 1, True, TEXT, [], [TEXT], {}, {"base64": None}, {"base64": 1}, {"base64": [TEXT]}, {"base64": {"a": TEXT}},
     {"url": 5}, {"file": "a.jpg"}, {"base64": TEXT, "url": "http://x"}, {"Base64": TEXT}],
)  # fmt: skip
def test_an_entry_of_another_shape_is_malformed_and_named(entry: object) -> None:
    with pytest.raises(MalformedRequestError, match=r"photos\[1\] must"):
        _read({"photos": [{"base64": TEXT}, entry]})


def test_an_empty_list_holds_no_photo() -> None:
    with pytest.raises(NoPhotoError, match="is empty"):
        _read({"photos": []})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_any_unicode_encoding_of_json_is_read(encoding: str) -> None:
    body = json.dumps({"photos": [{"base64": TEXT}]}).encode(encoding)
    assert _read(body) == [IncomingPhoto("photos[0]", CONTENT)]


def _json_of(n_values: int) -> bytes:
    """A photo, and other values that make them `n_values` in all but the outermost."""
    others = n_values - len(["photos", "an entry", "its text", "others", "the first of them"])
    return b'{"photos": [{"base64": "%s"}], "others": [1%s]}' % (TEXT.encode(), b",1" * others)


@pytest.mark.parametrize(("n_values", "is_taken"), [(MAX_JSON_VALUES - 1, True), (MAX_JSON_VALUES, True),
                                                    (MAX_JSON_VALUES + 1, False)])  # fmt: skip
def test_max_json_values_at_its_edge(n_values: int, is_taken: bool) -> None:
    if is_taken:
        assert _read(_json_of(n_values)) == [IncomingPhoto("photos[0]", CONTENT)]
    else:
        with pytest.raises(RequestTooLargeError, match="than photos need"):
            _read(_json_of(n_values))


@pytest.mark.parametrize("unit", [b"[],", b"{},", b"1,", b'"":0,', b'{"":', b"[[],"])
def test_json_of_millions_of_values_is_refused_before_one_is_made(unit: bytes) -> None:
    body = b'{"photos": [' + unit * 1_000_000
    tracemalloc.start()
    try:
        with pytest.raises(RequestTooLargeError):
            _read(body)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(body)
    finally:
        tracemalloc.stop()
