"""Any form at all: whole ones come back as they were, broken ones are refused in our words and with no other error."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3 import encode_multipart_formdata
from werkzeug.exceptions import RequestEntityTooLarge

from app.errors import RequestError
from app.intake.incoming import IncomingPhoto, arrived_photo, plain_source
from app.intake.upload import read_upload
from tests.forms import BOUNDARY, FORM, form_body, form_part, make_request

EVERY_RUN_ALIKE = settings(derandomize=True, max_examples=300, deadline=None)

# Content that begins or ends like a boundary is the hardest to tell from one.
CONTENT = st.binary() | st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", f"\r\n--{BOUNDARY[:-1]}".encode(), BOUNDARY.encode()])
).map(b"".join)
# "%" stands for itself or begins an escape, and no parser can know which (WHATWG, multipart/form-data encoding).
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="%"), min_size=1)
SEEDS = [
    form_body(("photo", "a.jpg", b"\xff\xd8\xff"), ("url", None, b"http://x/a.jpg"), ("note", None, b"\xff")),
    form_part(b'form-data; name="photo"; filename="a"; filename*=utf-8\'\'%41'),
    form_part(b'form-data; name="photo"; filename="a"\r\nContent-Length: 1\r\nContent-Type: image/png'),
]


@EVERY_RUN_ALIKE
@given(st.lists(st.tuples(NAMES, CONTENT), min_size=1, max_size=4))
def test_what_a_client_sends_is_what_arrives(files: list[tuple[str, bytes]]) -> None:
    body, content_type = encode_multipart_formdata([("photo", file) for file in files])
    named = [(plain_source(name, f"photo {number}"), content) for number, (name, content) in enumerate(files, start=1)]
    found = read_upload(make_request(body, content_type))
    for photo, (source, content) in zip(found, named, strict=True):
        expected = arrived_photo(source, content)
        assert isinstance(photo, IncomingPhoto)
        assert (photo.source, photo.image_bytes) == (expected.source, expected.image_bytes)
        assert type(photo.error) is type(expected.error)


@EVERY_RUN_ALIKE
@given(CONTENT, st.data())
def test_a_form_cut_short_or_changed_is_read_or_refused(content: bytes, data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from([*SEEDS, form_body(("photo", "a.jpg", content))])))
    for _ in range(data.draw(st.integers(1, 4))):
        at, upto = sorted((data.draw(st.integers(0, len(body))), data.draw(st.integers(0, len(body)))))
        upto = min(upto, at + 8)
        body[at:upto] = data.draw(st.binary(max_size=4) | st.sampled_from([b"\r\n", b'"', b";", b"=", b"--", b"%"]))
    _read_or_be_refused(bytes(body), FORM)


@EVERY_RUN_ALIKE
@given(st.binary(max_size=200), st.text(max_size=80))
def test_any_boundary_and_any_body_are_read_or_refused(body: bytes, boundary: str) -> None:
    header = f"multipart/form-data; boundary={boundary}".encode().decode("latin-1")
    _read_or_be_refused(body, header.translate({13: None, 10: None}))


def _read_or_be_refused(body: bytes, content_type: str) -> None:
    try:
        read_upload(make_request(body, content_type))
    except (RequestError, RequestEntityTooLarge) as error:
        assert str(error)
