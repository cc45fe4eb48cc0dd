"""POST /api/v1/predict: every way of sending photos, and the answer's shape."""

from __future__ import annotations

import base64
import dataclasses
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
import werkzeug.formparser
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from app.config import Settings
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.vision.bundle import ModelBundle
from app.vision.card import Card
from app.vision.limits import ImageLimits
from tests.fakes import FakeRuntime
from tests.forms import CHUNKED, FORM, FROM_GUNICORN, form_body, form_part
from tests.photos import draw_quadrants, draw_scene, encode

URL = "/api/v1/predict"
MAX_UPLOAD_BYTES = 20_000


def _post_form(client: FlaskClient, *parts: tuple[str, str | None, bytes], query: str = "") -> TestResponse:
    return client.post(URL + query, data=form_body(*parts), content_type=FORM)


def _post_json(client: FlaskClient, *photos: bytes) -> TestResponse:
    entries = [{"base64": base64.b64encode(photo).decode()} for photo in photos]
    return client.post(URL, json={"photos": entries})


def _post_raw(client: FlaskClient, photo: bytes, query: str = "", **options: Any) -> TestResponse:
    return client.post(URL + query, data=photo, content_type="image/jpeg", **options)


def _code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


@pytest.mark.parametrize(
    ("send", "source"),
    [
        (lambda client, photo: _post_form(client, ("photo", "half-dome.jpg", photo)), "half-dome.jpg"),
        (_post_raw, "body"),
        (_post_json, "photos[0]"),
    ],
    ids=["form", "raw", "json"],
)
def test_a_photo_may_be_sent_in_three_ways(client: FlaskClient, photo: bytes, send: Any, source: str) -> None:
    answer = send(client, photo)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    [result] = answer.get_json()["results"]
    assert (result["source"], result["verdict"], result["label"]) == (source, "match", "yosemite")


def test_the_short_path_is_the_same(client: FlaskClient, photo: bytes) -> None:
    [result] = client.post("/predict", data=photo, content_type="image/jpeg").get_json()["results"]
    assert (result["source"], result["label"]) == ("body", "yosemite")


def test_the_answer_has_the_documented_keys(client: FlaskClient, photo: bytes) -> None:
    answer = _post_raw(client, photo)
    body = answer.get_json()
    assert list(body) == ["request_id", "model", "results"]
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body["model"] == {"name": "parks", "version": "7"}
    [result] = body["results"]
    assert list(result) == ["source", "prediction_id", "verdict", "label", "labels", "predictions", "timing_ms"]
    assert result["labels"] == ["yosemite"]
    assert set(result["timing_ms"]) == {"decode", "queue", "inference"}


def test_predictions_hold_every_label_highest_first(client: FlaskClient, photo: bytes) -> None:
    [result] = _post_raw(client, photo).get_json()["results"]
    assert result["predictions"] == [
        {"label": "yosemite", "name": "Yosemite National Park", "probability": pytest.approx(0.936240, abs=1e-6)},
        {"label": "sequoia", "name": "Sequoia National Park", "probability": pytest.approx(0.046613, abs=1e-6)},
        {"label": "other", "name": "None of these", "probability": pytest.approx(0.017148, abs=1e-6)},
    ]


@pytest.mark.parametrize(("logits", "verdict"), [([0.0, 5.0, 5.0], "unsure"), ([9.0, 0.0, 0.0], "unknown")])
def test_a_verdict_that_names_no_label_is_an_answer_too(
    client: FlaskClient, runtime: FakeRuntime, photo: bytes, logits: list[float], verdict: str
) -> None:
    runtime.logits[:] = logits
    answer = _post_raw(client, photo)
    [result] = answer.get_json()["results"]
    assert answer.status_code == 200
    assert (result["verdict"], result["label"], result["labels"]) == (verdict, None, [])
    assert len(result["predictions"]) == 3


def test_several_photos_are_answered_in_their_order(client: FlaskClient, photo: bytes) -> None:
    parts = [("photo", name, photo) for name in ("b.jpg", "a.jpg", "b.jpg")]
    results = _post_form(client, *parts).get_json()["results"]
    assert [result["source"] for result in results] == ["b.jpg", "a.jpg", "b.jpg"]
    assert len({result["prediction_id"] for result in results}) == 3


BAD_PHOTOS = [
    (b"a text", 415, "unsupported_image"),
    (b"", 400, "empty_photo"),
    (encode(draw_scene())[:700], 422, "damaged_image"),
    (encode(Image.new("RGB", (1001, 1000)), "PNG"), 413, "too_many_pixels"),
]


@pytest.mark.parametrize(("bad", "status", "code"), BAD_PHOTOS)
def test_a_lone_bad_photo_answers_with_its_status(client: FlaskClient, bad: bytes, status: int, code: str) -> None:
    assert _code(_post_form(client, ("photo", "bad.jpg", bad))) == (status, code)
    assert _code(_post_json(client, bad)) == (status, code)


@pytest.mark.parametrize(("bad", "status", "code"), BAD_PHOTOS)
def test_a_bad_photo_among_others_fails_alone(
    client: FlaskClient, photo: bytes, bad: bytes, status: int, code: str
) -> None:
    answer = _post_form(client, ("photo", "a.jpg", photo), ("photo", "bad.jpg", bad), ("photo", "c.jpg", photo))
    first, failed, last = answer.get_json()["results"]
    assert answer.status_code == 200
    assert (first["verdict"], last["verdict"]) == ("match", "match")
    assert set(failed) == {"source", "error"}
    assert failed["source"] == "bad.jpg"
    assert set(failed["error"]) == {"code", "detail"}
    assert failed["error"]["code"] == code


def test_when_all_of_several_fail_each_says_why(client: FlaskClient) -> None:
    answer = _post_json(client, b"text", encode(draw_scene())[:700])
    codes = [result["error"]["code"] for result in answer.get_json()["results"]]
    assert (answer.status_code, codes) == (200, ["unsupported_image", "damaged_image"])


def test_base64_that_is_none_fails_as_a_photo_does(client: FlaskClient, photo: bytes) -> None:
    good = {"base64": base64.b64encode(photo).decode()}
    assert _code(client.post(URL, json={"photos": [{"base64": "!"}]})) == (400, "malformed_base64")
    answer = client.post(URL, json={"photos": [{"base64": "!"}, good]})
    failed, found = answer.get_json()["results"]
    assert (failed["error"]["code"], found["verdict"]) == ("malformed_base64", "match")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (form_body(), FORM, 400, "no_photo"),
        (form_body(("photo", None, b"text")), FORM, 400, "no_photo"),
        (form_body(("file", "a.jpg", b"1")), FORM, 400, "no_photo"),
        (b"", FORM, 400, "no_photo"),
        (b"", "image/jpeg", 400, "empty_photo"),
        (form_body(("photo", "a.jpg", b"1"))[:-9], FORM, 400, "malformed_request"),
        (form_body(("photo", "a.jpg", b"1")), "multipart/form-data", 400, "malformed_request"),
        (form_part(b'form-data; name="photo"; filename="\xff.jpg"'), FORM, 400, "malformed_request"),
        (b'{"photos": []}', "application/json", 400, "no_photo"),
        (b"{", "application/json", 400, "malformed_request"),
        (b"null", "application/json", 400, "malformed_request"),
        (b"[" * 15_000, "application/json", 400, "malformed_request"),
        (b"photo=1", "application/x-www-form-urlencoded", 415, "unsupported_content_type"),
        (b"bytes", "text/plain", 415, "unsupported_content_type"),
        (b"bytes", "", 415, "unsupported_content_type"),
    ],
)
def test_a_request_that_cannot_be_read_says_why(
    client: FlaskClient, body: bytes, content_type: str, status: int, code: str
) -> None:
    assert _code(client.post(URL, data=body, content_type=content_type)) == (status, code)


@pytest.mark.parametrize(("n_photos", "status"), [(2, 200), (3, 200), (4, 413)])
def test_max_photos_at_its_edge(client: FlaskClient, photo: bytes, n_photos: int, status: int) -> None:
    parts = [("photo", "a.jpg", photo)] * n_photos
    for answer in (_post_form(client, *parts), _post_json(client, *[photo] * n_photos)):
        assert answer.status_code == status
        assert status == 200 or answer.get_json()["code"] == "too_many_photos"


def test_very_many_photos_in_a_form_are_too_many_photos(client: FlaskClient) -> None:
    assert _code(_post_form(client, *[("photo", "a.jpg", b"1")] * 500)) == (413, "too_many_photos")


def test_a_form_of_very_many_fields_is_too_large(client: FlaskClient) -> None:
    answer = _post_form(client, *[("note", None, b"1")] * 500)
    assert _code(answer) == (413, "request_too_large")
    assert "may have 19 fields" in answer.get_json()["detail"]


@pytest.mark.parametrize(("n_bytes", "status"), [(99_999, 200), (100_000, 200), (100_001, 413)])
def test_a_text_field_over_its_limit_is_told_that_limit(
    client: FlaskClient, photo: bytes, n_bytes: int, status: int
) -> None:
    answer = _post_form(client, ("photo", "a.jpg", photo), ("note", None, b"x" * n_bytes))
    assert answer.status_code == status
    assert status == 200 or "A text field of a form may have 100000 bytes" in answer.get_json()["detail"]


@pytest.fixture
def small_client(settings: Settings, slot: ModelSlot) -> FlaskClient:
    """Takes bodies of 20 000 bytes."""
    return create_app(dataclasses.replace(settings, max_upload_bytes=MAX_UPLOAD_BYTES), slot).test_client()


def _raw_of(n_bytes: int, photo: bytes) -> tuple[bytes, str]:
    return photo.ljust(n_bytes, b"\0"), "image/jpeg"


def _form_of(n_bytes: int, photo: bytes) -> tuple[bytes, str]:
    around = len(form_body(("photo", "a.jpg", b"")))
    return form_body(("photo", "a.jpg", photo.ljust(n_bytes - around, b"\0"))), FORM


def _json_of(n_bytes: int, photo: bytes) -> tuple[bytes, str]:
    text = base64.b64encode(photo)
    return (b'{"photos": [{"base64": "%s"}]}' % text).ljust(n_bytes), "application/json"


@pytest.mark.parametrize("options", [{}, FROM_GUNICORN, CHUNKED], ids=["with length", "from gunicorn", "chunked"])
@pytest.mark.parametrize("make_body", [_raw_of, _form_of, _json_of])
@pytest.mark.parametrize(("over", "status"), [(-1, 200), (0, 200), (1, 413), (100_000, 413)])
def test_max_upload_bytes_at_its_edge(
    small_client: FlaskClient, photo: bytes, make_body: Any, over: int, status: int, options: dict[str, Any]
) -> None:
    body, content_type = make_body(MAX_UPLOAD_BYTES + over, photo)
    assert len(body) == MAX_UPLOAD_BYTES + over
    answer = small_client.post(URL, data=body, content_type=content_type, **options)
    assert answer.status_code == status
    assert status == 200 or answer.get_json()["code"] == "request_too_large"


@pytest.mark.parametrize(("top_k", "n_predictions"), [("1", 1), ("2", 2), ("3", 3), ("4", 3), ("999999", 3)])
def test_top_k_cuts_the_predictions(client: FlaskClient, photo: bytes, top_k: str, n_predictions: int) -> None:
    [result] = _post_raw(client, photo, f"?top_k={top_k}").get_json()["results"]
    assert len(result["predictions"]) == n_predictions
    assert result["predictions"][0]["label"] == "yosemite"


@pytest.mark.parametrize("top_k", ["0", "-1", "1.5", "one", "", " 1", "+1", "%D9%A3", "1e3", "9999999", "9" * 5000])
def test_a_top_k_without_sense_is_malformed(client: FlaskClient, photo: bytes, top_k: str) -> None:
    assert _code(_post_raw(client, photo, f"?top_k={top_k}")) == (400, "malformed_request")


@pytest.mark.parametrize(
    ("query", "explained"),
    [("", False), ("?explain=true", True), ("?explain=True", True), ("?explain=false", False)],
)
def test_an_explanation_comes_when_asked_for(client: FlaskClient, photo: bytes, query: str, explained: bool) -> None:
    [result] = _post_raw(client, photo, query).get_json()["results"]
    assert ("explanation" in result) is explained


def test_the_explanation_is_a_heat_map_of_the_photos_shape(client: FlaskClient) -> None:
    photo = encode(draw_quadrants((80, 120)))
    [result] = _post_raw(client, photo, "?explain=true&top_k=1").get_json()["results"]
    explanation = result["explanation"]
    head, _, text = explanation["heat_map"].partition(",")
    assert (explanation["label"], head) == ("yosemite", "data:image/png;base64")
    overlay = Image.open(io.BytesIO(base64.b64decode(text)))
    assert (overlay.mode, overlay.size) == ("RGBA", (299, 448))


@pytest.mark.parametrize("explain", ["", "maybe", "1", "0", "yes", "truee", "tru%00e"])
def test_an_explain_without_sense_is_malformed(client: FlaskClient, photo: bytes, explain: str) -> None:
    assert _code(_post_raw(client, photo, f"?explain={explain}")) == (400, "malformed_request")


@pytest.mark.parametrize(
    ("filename", "source"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\secret\\\\tent.jpg", "tent.jpg"),
        ("\x1b[2Ja\x07.jpg", "[2Ja.jpg"),
        ("n" * 3000 + ".jpg", "n" * 200),
        ("日本.jpg", "日本.jpg"),
        ("<img src=x>.jpg", "<img src=x>.jpg"),
    ],
)
def test_a_hostile_file_name_comes_back_plain(client: FlaskClient, photo: bytes, filename: str, source: str) -> None:
    [result] = _post_form(client, ("photo", filename, photo)).get_json()["results"]
    assert result["source"] == source


@pytest.mark.parametrize("way", ["form", "raw", "json"])
def test_a_large_upload_is_never_written_to_disk(
    settings: Settings, slot: ModelSlot, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("a temporary file is made")

    photo = encode(draw_scene(size=(1000, 1000)), "BMP")
    assert len(photo) > 3_000_000
    client = create_app(dataclasses.replace(settings, max_upload_bytes=5_000_000), slot).test_client()
    text = base64.b64encode(photo)
    body, content_type = {
        "form": (form_body(("photo", "a.bmp", photo)), FORM),
        "raw": (photo, "image/bmp"),
        "json": (b'{"photos": [{"base64": "%s"}]}' % text, "application/json"),
    }[way]
    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    monkeypatch.setattr(werkzeug.formparser, "SpooledTemporaryFile", refuse)
    answer = client.post(URL, data=body, content_type=content_type)
    assert answer.get_json()["results"][0]["verdict"] == "match"


def test_several_labels_may_be_named_at_once(card: Card, settings: Settings, tmp_path: Path, photo: bytes) -> None:
    bundle = ModelBundle(tmp_path, dataclasses.replace(card, task="multi_label"))
    predictor = Predictor(bundle, NetworkQueue(FakeRuntime([-9.0, 4.0, 5.0]), 0, 1.0), ImageLimits(), 1.0)
    client = create_app(settings, ModelSlot(lambda: predictor)).test_client()
    [result] = _post_raw(client, photo).get_json()["results"]
    assert (result["verdict"], result["label"], result["labels"]) == ("match", "sequoia", ["sequoia", "yosemite"])
