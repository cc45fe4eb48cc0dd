"""Forms: read whole or refused, within limits, and told why."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from app.errors import MalformedRequestError, RequestTooLargeError, TooManyPhotosError, WhichParkError
from app.intake.arrived_body import ArrivedBody
from app.intake.body import InMemoryRequest
from app.intake.form import MAX_OTHER_PARTS, READ_STEP_BYTES
from tests.forms import BOUNDARY, FORM, form_body, form_part, make_request

ONE = form_body(("photo", "a.jpg", b"1"))
NAMED = b'form-data; name="photo"; filename='


def _request(
    body: bytes, content_type: str = FORM, *, max_parts: int = 20, max_field_bytes: int = 10
) -> InMemoryRequest:
    request = make_request(body, content_type)
    request.max_form_parts, request.max_form_memory_size = max_parts, max_field_bytes
    return request


def _filename(disposition: bytes) -> str | None:
    return make_request(form_part(disposition)).files["photo"].filename


@pytest.mark.parametrize(
    ("body", "content_type", "why"),
    [
        (ONE, "multipart/form-data", "names no boundary"),
        (ONE, "multipart/form-data; boundary=", "names no boundary"),
        (ONE, "multipart/form-data; boundary=another", "names another boundary"),
        (ONE, "multipart/form-data; boundary=é", "names no boundary"),
        (b"\x00\xff" * 500, FORM, "names another boundary"),
        (ONE[:-30], FORM, "it was cut off"),
        (ONE[:-4], FORM, "breaks off or is damaged in its part 1"),
        (ONE[:40], FORM, "it was cut off"),
        (form_part(NAMED + b'"a.jpg"', end=b""), FORM, "breaks off or is damaged in its part 1"),
        (b"--which-park-boundary\r\n\r\n1\r\n--which-park-boundary--\r\n", FORM, "Missing Content-Disposition"),
        (form_part(b'attachment; name="photo"'), FORM, "Wrong type"),
        (form_part(NAMED + b'"\xff\xfe.jpg"'), FORM, "is not UTF-8"),
        (form_part(b'form-data; name="\xff"'), FORM, "is not UTF-8"),
        (ONE.replace(b"\r\n", b"\n"), FORM, "Invalid line break after first boundary"),
    ],
)
def test_a_form_that_is_none_is_malformed_and_says_why(body: bytes, content_type: str, why: str) -> None:
    with pytest.raises(MalformedRequestError, match=why):
        _ = _request(body, content_type).files


@pytest.mark.parametrize("cut", range(1, len(ONE) - 2))
def test_a_form_cut_anywhere_is_malformed(cut: int) -> None:
    with pytest.raises(MalformedRequestError):
        _ = _request(ONE[:cut]).files


@pytest.mark.parametrize("tail", [b"", b"\r\n", b"an epilogue", b"\r\n" * READ_STEP_BYTES])
def test_what_comes_after_the_last_boundary_does_not_matter(tail: bytes) -> None:
    assert _request(ONE.removesuffix(b"\r\n") + tail).files["photo"].read() == b"1"


@pytest.mark.parametrize("over", [-2, -1, 0, 1, 2, 30])
def test_a_boundary_may_lie_across_two_steps_of_reading(over: int) -> None:
    around = len(form_body(("photo", "a.jpg", b""))) - len(f"\r\n--{BOUNDARY}--\r\n")
    content = b"\r" * (READ_STEP_BYTES - around + over)
    assert _request(form_body(("photo", "a.jpg", content))).files["photo"].read() == content


@pytest.mark.parametrize("n_bytes", range(1, len(ONE) + 1))
def test_a_form_that_has_arrived_is_the_same_in_pieces_of_any_length(n_bytes: int) -> None:
    arrived: Any = ArrivedBody(ONE[at : at + n_bytes] for at in range(0, len(ONE), n_bytes))
    request = make_request(ONE, **{"wsgi.input": arrived})
    assert request.stream is arrived
    assert [(name, file.read()) for name, file in request.files.items()] == [("photo", b"1")]


def test_content_that_looks_like_a_boundary_is_content() -> None:
    content = f"\r\n--{BOUNDARY[:-1]}\r\n--\r\n{BOUNDARY}--\r\n\n--{BOUNDARY}".encode()
    assert _request(form_body(("photo", "a.jpg", content))).files["photo"].read() == content


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        (NAMED + b'"half-dome.jpg"', "half-dome.jpg"),
        (NAMED + b"half-dome.jpg", "half-dome.jpg"),
        (NAMED + '"Haleakalā 日本.jpg"'.encode(), "Haleakalā 日本.jpg"),
        (NAMED + b'"say %22cheese%22.jpg"', 'say "cheese".jpg'),
        (NAMED + b'"say \\"cheese\\".jpg"', 'say "cheese".jpg'),
        (NAMED + b'"100%25.jpg"', "100%25.jpg"),
        (NAMED + b'"a; b=c.jpg"', "a; b=c.jpg"),
        (b"form-data; name=\"photo\"; filename*=utf-8''Haleakal%C4%81.jpg", "Haleakalā.jpg"),
        (b"form-data; name=\"photo\"; filename*=UTF-8'en'%E2%82%AC%20rates.jpg", "€ rates.jpg"),
        (b'form-data; name="photo"; filename="Haleakal.jpg"; filename*=utf-8\'\'Haleakal%C4%81.jpg', "Haleakalā.jpg"),
    ],
)
def test_a_file_name_comes_back_as_it_was_meant(disposition: bytes, filename: str) -> None:
    assert _filename(disposition) == filename


@pytest.mark.parametrize("value", [b"%ff", b"utf-8''%ff%fe.jpg", b"no-such-charset''a.jpg", b"''", b"", b"utf-8'"])
def test_a_file_name_of_a_broken_encoding_is_a_name_still(value: bytes) -> None:
    assert isinstance(_filename(b'form-data; name="photo"; filename="a"; filename*=' + value), str)


@pytest.mark.parametrize("disposition", [NAMED + b'"a\nb.jpg"', NAMED + b'"a"\nX-Note: 1', NAMED + b'"a"\rX-Note: 1'])
def test_a_line_end_in_the_head_of_a_part_does_no_harm(disposition: bytes) -> None:
    assert _request(form_part(disposition)).files["photo"].read() == b"1"


@pytest.mark.parametrize(("n_bytes", "taken"), [(9, True), (10, True), (11, False), (3_000_000, False)])
def test_max_field_bytes_at_its_edge(n_bytes: int, taken: bool) -> None:
    request = _request(form_body(("note", None, b"x" * n_bytes)))
    if taken:
        assert request.form["note"] == "x" * n_bytes
    else:
        with pytest.raises(RequestTooLargeError, match="may have 10 bytes, the field 'note' has more"):
            _ = request.form


@pytest.mark.parametrize(("over", "taken"), [(-1, True), (0, True), (1, False), (5000, False)])
@pytest.mark.parametrize("field", ["photo_data", "photo"])
def test_a_photo_as_text_may_be_as_large_as_one_in_a_file_and_the_body_bounds_both(
    field: str, over: int, taken: bool
) -> None:
    filename = "a.jpg" if field == "photo" else None
    around = len(form_body((field, filename, b"")))
    request = _request(form_body((field, filename, bytes(3000 - around + over))))
    request.max_content_length = 3000
    if taken:
        assert field in request.form or field in request.files
    else:
        with pytest.raises(RequestEntityTooLarge):
            _ = request.form


@pytest.mark.parametrize("field", ["photo_data2", "Photo_data", "photo_dat", "", "url", "photo"])
def test_only_the_photo_as_text_may_be_so_large(field: str) -> None:
    with pytest.raises(RequestTooLargeError, match=f"the field '{field}' has more"):
        _ = _request(form_body((field, None, bytes(11)))).form


def test_a_file_may_be_larger_than_a_field() -> None:
    assert len(_request(form_body(("photo", "a.jpg", bytes(1000)))).files["photo"].read()) == 1000


MAX_PHOTOS = 3


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (["note"] * (MAX_PHOTOS + MAX_OTHER_PARTS), None),
        (["photo"] * (MAX_PHOTOS + MAX_OTHER_PARTS), None),  # Counted, and refused, when the form is read.
        (["photo"] * 1000, TooManyPhotosError),
        (["url"] * 1000, TooManyPhotosError),
        (["photo_data"] * 1000, TooManyPhotosError),
        (["photo", "url", "photo_data"] * 20, TooManyPhotosError),
        (["photo"] * (MAX_PHOTOS + 1) + ["note"] * MAX_OTHER_PARTS, TooManyPhotosError),
        (["photo"] * MAX_PHOTOS + ["note"] * (MAX_OTHER_PARTS + 1), RequestTooLargeError),
        (["note"] * 1000, RequestTooLargeError),
    ],
)
def test_very_many_parts_are_too_many_photos_or_too_large_a_form(
    names: list[str], error: type[WhichParkError] | None
) -> None:
    request = _request(form_body(*[(name, None, b"1") for name in names]), max_parts=MAX_PHOTOS + MAX_OTHER_PARTS)
    if error is None:
        assert len(request.form.getlist(names[0])) == len(names)
    else:
        with pytest.raises(error, match="has more"):
            _ = request.form


@pytest.mark.parametrize("head", [b"X-Note: " + b"x" * 5000, b"\r\n".join(b"X-%d: 1" % n for n in range(9))])
def test_the_head_of_a_part_is_within_limits(head: bytes) -> None:
    with pytest.raises(RequestTooLargeError, match="head"):
        _ = _request(form_part(b'form-data; name="note"\r\n' + head)).form


def test_a_form_of_another_kind_is_werkzeugs_affair() -> None:
    request = _request(b"a=1&b=2", "application/x-www-form-urlencoded")
    assert request.form.to_dict() == {"a": "1", "b": "2"}
    assert issubclass(request.form_data_parser_class, FormDataParser)


@pytest.mark.parametrize("line_break", [b"\r", b"\n", b"\x0b", b"\xc2\x85"])
def test_a_line_break_within_a_line_of_a_head_is_no_failure_of_ours(line_break: bytes) -> None:
    head = NAMED + b'"a.jpg"\r\nContent-Type: image/' + line_break + b"jpeg"
    try:
        assert _request(form_part(head)).files["photo"].filename == "a.jpg"
    except MalformedRequestError:
        assert line_break == b"\n"  # Where the parser sees the end of a line.
