"""What a photo carries beside its picture, where and when and with what it was taken, goes nowhere."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
from typing import Any

import numpy as np
import pillow_heif
import pytest
from flask.testing import FlaskClient
from PIL import Image, PngImagePlugin

from tests.fakes import FakeRuntime
from tests.forms import FORM, form_body
from tests.photos import draw_scene, encode

MARK = "Secret-Of-The-Sender"
_MAKE, _GPS, _LATITUDE, _USER_COMMENT = 0x010F, 0x8825, 2, 0x9286
_WRITES_XMP = ("JPEG", "WEBP")


def exif() -> Image.Exif:
    exif = Image.Exif()
    exif[_MAKE] = MARK
    exif[_USER_COMMENT] = MARK.encode()
    exif.get_ifd(_GPS)[_LATITUDE] = (37.0, 44.0, 45.0)
    return exif


def photo_of(image_format: str, *, with_metadata: bool) -> bytes:
    """The same picture, exactly, with and without."""
    image = draw_scene(3, (320, 240))
    options: dict[str, Any] = {"lossless": True} if image_format == "WEBP" else {}
    if image_format == "HEIF":
        file = io.BytesIO()
        extra = {"exif": exif().tobytes()} if with_metadata else {}
        pillow_heif.encode("RGB", image.size, image.tobytes(), file, quality=90, **extra)
        return file.getvalue()
    if with_metadata:
        options["exif"] = exif()
        if image_format in _WRITES_XMP:
            options["xmp"] = f"<x>{MARK}</x>".encode()
        if image_format == "JPEG":
            options["comment"] = MARK.encode()
        if image_format == "PNG":
            options["pnginfo"] = PngImagePlugin.PngInfo()
            options["pnginfo"].add_text("Comment", MARK)
    return encode(image, image_format, **options)


def everything_said(answer: bytes) -> bytes:
    """An answer, and what is inside its data URIs."""
    pictures = re.findall(rb"data:image/\w+;base64,([A-Za-z0-9+/=]+)", answer)
    assert pictures
    return b"".join([answer, *(base64.b64decode(picture) for picture in pictures)])


FORMATS = pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])


@FORMATS
def test_no_answer_and_no_log_has_what_a_photo_carries(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, image_format: str
) -> None:
    caplog.set_level(logging.DEBUG)
    photo = photo_of(image_format, with_metadata=True)
    assert MARK.encode() in photo
    named = f"{MARK}.jpg"
    in_json = json.dumps({"photos": [{"base64": base64.b64encode(photo).decode()}]})
    answers = [
        client.post("/", data=form_body(("photo", named, photo)), content_type=FORM),
        client.post("/predict?explain=true", data=photo, content_type="image/jpeg"),
        client.post("/predict?explain=true", data=in_json, content_type="application/json"),
    ]
    for answer in answers:
        assert answer.status_code == 200
        said = everything_said(answer.data)
        assert MARK.encode() not in said
        assert b"Exif" not in said and b"adobe.com/xap" not in said
    assert MARK not in caplog.text and base64.b64encode(photo)[:40].decode() not in caplog.text


@FORMATS
def test_what_a_photo_carries_changes_no_verdict(client: FlaskClient, runtime: FakeRuntime, image_format: str) -> None:
    for with_metadata in (True, False):
        photo = photo_of(image_format, with_metadata=with_metadata)
        assert client.post("/predict", data=photo, content_type="image/jpeg").status_code == 200
    assert np.array_equal(runtime.batches[-1], runtime.batches[-2])


def test_a_broken_photo_tells_nothing_of_itself(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    photo = photo_of("JPEG", with_metadata=True)
    for cut in (len(photo) // 2, 300, 30):
        answer = client.post("/predict", data=photo[:cut], content_type="image/jpeg")
        assert answer.status_code in (415, 422)
        assert MARK not in answer.get_data(as_text=True)
    assert MARK not in caplog.text
