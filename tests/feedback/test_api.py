"""POST and DELETE /api/v1/feedback: what is taken, what is refused, and that nothing claimed of a prediction counts."""

from __future__ import annotations

import base64
import io
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.feedback.entry import WAITING
from app.feedback.store import FeedbackStore
from tests.feedback.conftest import MakeClient, make_statement
from tests.photos import draw_scene, encode
from tests.web.test_privacy import MARK, photo_of

URL = "/api/v1/feedback"
MODEL = {"name": "parks", "version": "7"}


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    return make_client()


def said(image: bytes | None = None, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"prediction_id": "0" * 32, "model": MODEL, "right": False, "labels": ["sequoia"]}
    if image is not None:
        body |= {"photo": base64.b64encode(image).decode(), "consent": True}
    return body | changes


def test_what_is_said_is_kept_until_its_receipt_takes_it_back(client: FlaskClient, store: FeedbackStore) -> None:
    answer = client.post(URL, json=said()).get_json()
    until = datetime.now(UTC).date() + timedelta(days=180)
    assert (answer["photo_kept"], answer["kept_until"]) == (False, until.isoformat())
    assert store.count(WAITING) == 1
    withdrawn = client.delete(f"{URL}/{answer['receipt']}")
    assert (withdrawn.status_code, withdrawn.get_json()["deleted"]) == (200, True)
    assert store.count(WAITING) == 0
    again = client.delete(f"{URL}/{answer['receipt']}")
    assert (again.status_code, again.get_json()["code"]) == (404, "receipt_unknown")


def test_a_photo_is_kept_small_and_without_what_it_carries(make_client: MakeClient, store: FeedbackStore) -> None:
    client = make_client(max_feedback_px=100)
    answer = client.post(URL, json=said(photo_of("JPEG", with_metadata=True)))
    assert answer.get_json()["photo_kept"] is True
    [entry] = store.entries(WAITING, 9)
    assert entry.photo is not None and MARK.encode() not in entry.photo and b"Exif" not in entry.photo
    image = Image.open(io.BytesIO(entry.photo))
    assert (image.format, max(image.size)) == ("JPEG", 100)


def test_the_photo_is_looked_at_again_and_nothing_claimed_is_believed(
    client: FlaskClient, store: FeedbackStore
) -> None:
    """The fake network is sure that everything is Yosemite."""
    client.post(URL, json=said(encode(draw_scene()), model={"name": "another", "version": "9"}, right=True))
    [entry] = store.entries(WAITING, 9)
    assert (entry.looked_at_by, entry.verdict) == ("parks-7", "match")
    assert entry.probabilities == pytest.approx({"yosemite": 0.936, "sequoia": 0.047, "other": 0.017}, abs=1e-3)
    assert entry.margin == pytest.approx(0.047 - 0.936, abs=1e-3)


@pytest.mark.parametrize(
    ("labels", "kept"), [(["yosemite"], ("yosemite",)), ([], ("other",)), (["yosemite"] * 2, ("yosemite",))]
)
def test_labels_are_kept_as_the_model_has_them(
    client: FlaskClient, store: FeedbackStore, labels: list[str], kept: tuple[str, ...]
) -> None:
    assert client.post(URL, json=said(labels=labels)).status_code == 200
    assert store.entries(WAITING, 1)[0].labels == kept


def test_who_does_not_know_the_label_leaves_it_out(client: FlaskClient, store: FeedbackStore) -> None:
    body = said()
    del body["labels"]
    assert client.post(URL, json=body).status_code == 200
    assert store.entries(WAITING, 1)[0].labels is None


PHOTO = encode(draw_scene())


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ([], 400, "malformed_request"),
        ({}, 400, "malformed_request"),
        (said(more=1), 400, "malformed_request"),
        (said(label="sequoia"), 400, "malformed_request"),
        (said(prediction_id="x" * 32), 400, "malformed_request"),
        (said(prediction_id="0" * 33), 400, "malformed_request"),
        (said(prediction_id="0" * 32 + "\n"), 400, "malformed_request"),
        (said(prediction_id=7), 400, "malformed_request"),
        (said(model="parks-7"), 400, "malformed_request"),
        (said(model={"name": "parks"}), 400, "malformed_request"),
        (said(model={"name": "../..", "version": "7"}), 400, "malformed_request"),
        (said(model={"name": "a" * 101, "version": "7"}), 400, "malformed_request"),
        (said(model={"name": 1, "version": "7"}), 400, "malformed_request"),
        (said(right="yes"), 400, "malformed_request"),
        (said(right=None), 400, "malformed_request"),
        (said(labels=None), 400, "malformed_request"),
        (said(photo=None), 400, "malformed_request"),
        (said(labels="sequoia"), 400, "malformed_request"),
        (said(labels=[["sequoia"]]), 400, "malformed_request"),
        (said(labels=["sequoia"] * 1001), 400, "malformed_request"),
        (said(labels=["atlantis"]), 422, "labels_refused"),
        (said(labels=["sequoia", "yosemite"]), 422, "labels_refused"),
        (said(PHOTO, consent=False), 400, "consent_missing"),
        (said(photo="AA=="), 400, "consent_missing"),
        (said(PHOTO, consent="true"), 400, "malformed_request"),
        (said(photo=7, consent=True), 400, "malformed_request"),
        (said(photo="%", consent=True), 400, "malformed_base64"),
        (said(b""), 400, "empty_photo"),
        (said(b"no photo"), 415, "unsupported_image"),
        (said(PHOTO[:500]), 422, "damaged_image"),
        (said(encode(Image.new("1", (1001, 1000)), "PNG")), 413, "too_many_pixels"),
    ],
)
def test_what_has_no_sense_is_refused_and_nothing_is_kept(
    client: FlaskClient, store: FeedbackStore, body: Any, status: int, code: str
) -> None:
    answer = client.post(URL, json=body)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["code"] == code
    assert store.count(WAITING) == 0


@pytest.mark.parametrize("name", ["a" * 100, "A.b_c-1"])
def test_a_models_name_may_be_as_long_as_the_limit(client: FlaskClient, name: str) -> None:
    assert client.post(URL, json=said(model={"name": name, "version": name})).status_code == 200


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(client: FlaskClient, content: bytes) -> None:
    answer = client.post(URL, data=content, content_type="application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed_request")


def test_another_content_type_is_refused(client: FlaskClient) -> None:
    answer = client.post(URL, data={"right": "true"})
    assert (answer.status_code, answer.get_json()["code"]) == (415, "unsupported_content_type")


@pytest.mark.parametrize("receipt", ["x", "%25", "a" * 43, "%00", "..", "a%2Fb", "é"])
def test_a_receipt_that_is_none_is_unknown(client: FlaskClient, receipt: str) -> None:
    client.post(URL, json=said())
    assert client.delete(f"{URL}/{receipt}").status_code == 404


def test_guesses_at_receipts_and_floods_meet_the_rate_limit(make_client: MakeClient) -> None:
    client = make_client(max_photos_per_minute=3)
    found = [client.post(URL, json=said()).status_code for _ in range(2)]
    found += [client.delete(f"{URL}/guess").status_code for _ in range(2)]
    assert found == [200, 200, 404, 429]


def test_no_receipt_is_logged(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    receipt = client.post(URL, json=said()).get_json()["receipt"]
    client.put(f"{URL}/{receipt}")
    client.delete(f"{URL}/{receipt}")
    assert "DELETE /api/v1/feedback/RECEIPT 200" in caplog.text
    assert receipt not in caplog.text


def test_a_server_that_is_full_says_so(make_client: MakeClient) -> None:
    client = make_client(max_feedback=1)
    found = [client.post(URL, json=said(prediction_id=digit * 32)) for digit in "0123"]
    assert [answer.status_code for answer in found] == [200, 503, 503, 503]
    assert (found[1].get_json()["code"], found[1].headers["Retry-After"]) == ("feedback_full", "3600")
    assert client.post(URL, json=said(prediction_id="0" * 32)).status_code == 200  # In place of what was said before.


def test_a_database_that_is_away_is_said_and_photos_are_answered_all_the_same(make_client: MakeClient) -> None:
    client = make_client(feedback="sqlite:////nowhere/at/all/feedback.db")
    answer = client.post(URL, json=said())
    assert (answer.status_code, answer.get_json()["code"]) == (503, "feedback_unavailable")
    assert client.delete(f"{URL}/{'a' * 43}").status_code == 503
    assert client.post("/predict", data=PHOTO, content_type="image/jpeg").status_code == 200


def test_without_a_place_to_keep_it_no_feedback_is_taken(make_client: MakeClient) -> None:
    client = make_client(feedback="off")
    assert client.post(URL, json=said()).status_code == 404
    assert "/api/v1/feedback" not in client.get("/openapi.json").get_json()["paths"]
    assert "/api/v1/feedback" not in client.get("/docs").get_data(as_text=True)


def test_what_is_too_old_goes_whatever_is_asked_for(make_client: MakeClient, store: FeedbackStore) -> None:
    store._now = lambda: 0
    store.add(make_statement(), None)
    assert store.count(WAITING) == 1
    make_client().get("/healthz").close()
    assert store.count(WAITING) == 0


def test_metrics_count_what_is_kept_by_what_it_says(make_client: MakeClient) -> None:
    client = make_client(metrics="on")
    for is_right in (True, False, False):
        client.post(URL, json=said(right=is_right, labels=["sequoia"]))
    client.post(URL, json={"right": True})
    text = client.get("/metrics").get_data(as_text=True)
    assert 'whichpark_feedback_total{right="no"} 2.0' in text
    assert 'whichpark_feedback_total{right="yes"} 1.0' in text
