"""Photos in a form, kept in memory, within the limit in bytes."""

from __future__ import annotations

import tempfile
from typing import Any

import pytest
import werkzeug.formparser
from werkzeug.exceptions import RequestEntityTooLarge

from app.errors import NoPhotoError, UrlNotSupportedError
from app.intake.incoming import IncomingPhoto, plain_source
from app.intake.upload import InMemoryRequest, read_upload
from tests.forms import FORM, form_body, make_request


def _read(*parts: tuple[str, str | None, bytes]) -> list[IncomingPhoto]:
    return read_upload(make_request(form_body(*parts)))


def test_a_file_named_photo_is_a_photo() -> None:
    assert _read(("photo", "half-dome.jpg", b"bytes")) == [IncomingPhoto("half-dome.jpg", b"bytes")]


def test_files_come_in_the_order_of_the_form() -> None:
    photos = _read(("photo", "b.jpg", b"1"), ("photo", "a.jpg", b"2"), ("photo", "b.jpg", b"3"))
    assert [(photo.source, photo.image_bytes) for photo in photos] == [
        ("b.jpg", b"1"),
        ("a.jpg", b"2"),
        ("b.jpg", b"3"),
    ]


def test_other_fields_are_passed_over() -> None:
    photos = _read(("note", None, b"holiday"), ("photo", "a.jpg", b"1"), ("document", "b.pdf", b"2"))
    assert [photo.source for photo in photos] == ["a.jpg"]


def test_a_file_without_a_name_is_called_by_its_number() -> None:
    photos = _read(("photo", "a.jpg", b"1"), ("photo", "", b"2"))
    assert [(photo.source, photo.image_bytes) for photo in photos] == [("a.jpg", b"1"), ("photo 2", b"2")]


def test_a_form_field_left_empty_by_a_browser_is_no_photo() -> None:
    with pytest.raises(NoPhotoError, match="at least one file named 'photo'"):
        _read(("photo", "", b""))


def test_an_empty_file_with_a_name_is_a_photo_that_will_not_open() -> None:
    assert _read(("photo", "a.jpg", b"")) == [IncomingPhoto("a.jpg", b"")]


def test_a_field_of_another_name_is_named_in_the_message() -> None:
    with pytest.raises(NoPhotoError, match="it has files named file, image"):
        _read(("image", "a.jpg", b"1"), ("file", "b.jpg", b"2"))


def test_a_text_field_named_photo_is_told_from_a_file() -> None:
    with pytest.raises(NoPhotoError, match="holds text, not a file"):
        _read(("photo", None, b"half-dome.jpg"))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (form_body(), FORM),
        (b"", FORM),
        (form_body(("photo", "a.jpg", b"1")), "multipart/form-data"),
        (form_body(("photo", "a.jpg", b"1")), "multipart/form-data; boundary=another"),
        (form_body(("photo", "a.jpg", b"1")), "multipart/form-data; boundary=é"),
        (form_body(("photo", "a.jpg", b"1"))[:-30], FORM),
        (b"--which-park-boundary\r\n\r\n1\r\n--which-park-boundary--\r\n", FORM),
        (form_body(("photo", "a.jpg", b"1")).replace(b' name="photo";', b""), FORM),
        (b"\x00\xff" * 500, FORM),
    ],
)
def test_a_form_without_a_whole_photo_has_none(body: bytes, content_type: str) -> None:
    with pytest.raises(NoPhotoError):
        read_upload(make_request(body, content_type))


def test_a_photo_named_by_its_address_is_not_fetched() -> None:
    [photo] = _read(("url", None, b"https://example.org/parks/half-dome.jpg"))
    assert isinstance(photo.error, UrlNotSupportedError)
    assert (photo.source, photo.image_bytes) == ("half-dome.jpg", b"")


def test_addresses_come_after_files_and_blank_ones_not_at_all() -> None:
    photos = _read(("url", None, b"http://x/1.jpg"), ("url", None, b" "), ("photo", "a.jpg", b"1"))
    assert [photo.source for photo in photos] == ["a.jpg", "1.jpg"]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("half-dome.jpg", "half-dome.jpg"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\me\\tent.png", "tent.png"),
        ("..\\..\\tent.png", "tent.png"),
        ("a\x00b\x1b[31mc\nd\r.jpg", "ab[31mcd.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("  Haleakalā 日本.jpg ", "Haleakalā 日本.jpg"),
        ("x" * 5000, "x" * 200),
        ("<script>alert(1)<script>.jpg", "<script>alert(1)<script>.jpg"),
        ("", "photo 1"),
        (None, "photo 1"),
        ("folder/", "photo 1"),
        ("\x01\x02", "photo 1"),
        ("   ", "photo 1"),
    ],
)
def test_a_source_is_a_plain_name(name: str | None, source: str) -> None:
    assert plain_source(name, "photo 1") == source


def test_nothing_is_spooled_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("a temporary file is made")

    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    monkeypatch.setattr(werkzeug.formparser, "SpooledTemporaryFile", refuse)
    content = bytes(3_000_000)
    assert _read(("photo", "big.bmp", content)) == [IncomingPhoto("big.bmp", content)]


class SlowBody:
    """A body as gunicorn gives it: only read, in small pieces; it counts what was taken of it."""

    def __init__(self, content: bytes) -> None:
        self._content, self.taken = content, 0

    def read(self, size: int = -1) -> bytes:
        piece = self._content[self.taken : self.taken + min(size, 7)]
        self.taken += len(piece)
        return piece


def _bounded(content: bytes, max_bytes: int, **environ: Any) -> tuple[InMemoryRequest, SlowBody]:
    body = SlowBody(content)
    request = make_request(b"", FORM, **{"wsgi.input": body, "wsgi.input_terminated": True}, **environ)
    request.max_content_length = max_bytes
    return request, body


CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}


@pytest.mark.parametrize("environ", [CHUNKED, {"CONTENT_LENGTH": "100"}])
@pytest.mark.parametrize("max_bytes", [101, 100])
def test_a_body_up_to_the_limit_is_whole(max_bytes: int, environ: dict[str, str]) -> None:
    request, _ = _bounded(b"x" * 100, max_bytes, **environ)
    assert request.get_data() == b"x" * 100


@pytest.mark.parametrize("environ", [CHUNKED, {"CONTENT_LENGTH": "100"}])
def test_a_body_one_byte_over_the_limit_is_refused(environ: dict[str, str]) -> None:
    request, _ = _bounded(b"x" * 100, 99, **environ)
    with pytest.raises(RequestEntityTooLarge):
        request.get_data()


def test_of_a_body_over_the_limit_no_more_is_read_than_shows_it() -> None:
    request, body = _bounded(b"x" * 1_000_000, 1_000, **CHUNKED)
    with pytest.raises(RequestEntityTooLarge):
        request.get_data()
    assert body.taken <= 1_001


def test_a_length_over_the_limit_is_refused_before_a_byte_is_read() -> None:
    request, body = _bounded(b"x" * 100, 99, CONTENT_LENGTH="100")
    with pytest.raises(RequestEntityTooLarge):
        request.get_data()
    assert body.taken == 0
