"""Photos in a form, kept in memory."""

from __future__ import annotations

import base64
import tempfile

import pytest
import werkzeug.formparser

from app.errors import EmptyPhotoError, MalformedBase64Error, NoPhotoError
from app.intake.incoming import IncomingPhoto, PhotoAddress, plain_source
from app.intake.upload import read_upload
from tests.forms import form_body, make_request


def _read(*parts: tuple[str, str | None, bytes]) -> list[IncomingPhoto]:
    photos = read_upload(make_request(form_body(*parts)))
    return [photo for photo in photos if isinstance(photo, IncomingPhoto)]


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


def test_an_empty_file_with_a_name_is_an_empty_photo_and_its_neighbours_are_not() -> None:
    empty, whole = _read(("photo", "a.jpg", b""), ("photo", "b.jpg", b"1"))
    assert isinstance(empty.error, EmptyPhotoError)
    assert (empty.source, whole) == ("a.jpg", IncomingPhoto("b.jpg", b"1"))


def test_a_field_of_another_name_is_named_in_the_message() -> None:
    with pytest.raises(NoPhotoError, match="it has files named file, image"):
        _read(("image", "a.jpg", b"1"), ("file", "b.jpg", b"2"))


def test_a_text_field_named_photo_is_told_from_a_file_also_beside_one() -> None:
    with pytest.raises(NoPhotoError, match="holds text, not a file"):
        _read(("photo", "a.jpg", b"1"), ("photo", None, b"half-dome.jpg"))
    with pytest.raises(NoPhotoError, match="holds text, not a file"):
        _read(("photo", None, b"half-dome.jpg"))


@pytest.mark.parametrize("body", [form_body(), b""])
def test_a_form_without_a_part_has_no_photo(body: bytes) -> None:
    with pytest.raises(NoPhotoError, match="it has none"):
        read_upload(make_request(body))


def test_files_and_addresses_keep_the_order_of_the_form() -> None:
    a, b, note = ("photo", "a.jpg", b"1"), ("photo", "", b"2"), ("note", None, b"holiday")
    x, y, blank = ("url", None, b"http://x/1.jpg"), ("url", None, b"y"), ("url", None, b" ")
    assert read_upload(make_request(form_body(x, note, a, blank, y, b))) == [
        PhotoAddress("http://x/1.jpg", "url 1"),
        IncomingPhoto("a.jpg", b"1"),
        PhotoAddress("y", "url 2"),
        IncomingPhoto("photo 2", b"2"),
    ]


def test_an_address_that_is_blank_is_none() -> None:
    with pytest.raises(NoPhotoError):
        read_upload(make_request(form_body(("url", None, b" \r\n"))))


DATA = base64.b64encode(b"bytes")


@pytest.mark.parametrize("text", [DATA, b"data:image/jpeg;base64," + DATA, DATA[:4] + b"\r\n" + DATA[4:]])
def test_a_photo_may_come_as_text(text: bytes) -> None:
    assert _read(("photo_data", None, text)) == [IncomingPhoto("photo_data 1", b"bytes")]


@pytest.mark.parametrize(
    "text", [b"<svg>", b"=", DATA[:-2], "Zürich".encode(), b"\xff\xd8\xff", b"\x00", b"../../etc/passwd", b"%00" * 5000]
)
def test_text_that_is_no_base64_is_that_photos_error(text: bytes) -> None:
    broken, whole = _read(("photo_data", None, text), ("photo_data", None, DATA))
    assert isinstance(broken.error, MalformedBase64Error)
    assert str(broken.error) == "photo_data 1 is not base64 text (RFC 4648, section 4)."
    assert whole == IncomingPhoto("photo_data 2", b"bytes")


@pytest.mark.parametrize("text", [b"data:,", b"data:image/jpeg;base64,", b"data:no comma"])
def test_text_without_a_photo_in_it_is_an_empty_photo(text: bytes) -> None:
    [photo] = _read(("photo_data", None, text))
    assert isinstance(photo.error, EmptyPhotoError)


def test_a_photo_as_text_has_its_place_in_the_order_of_the_form() -> None:
    parts = (
        ("photo_data", None, DATA),
        ("photo", "a.jpg", b"1"),
        ("photo_data", None, b" "),
        ("photo_data", None, DATA),
    )
    assert [photo.source for photo in _read(*parts)] == ["photo_data 1", "a.jpg", "photo_data 2"]


def test_a_file_named_as_the_text_is_none() -> None:
    with pytest.raises(NoPhotoError, match="it has files named photo_data"):
        _read(("photo_data", "a.jpg", DATA))


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
