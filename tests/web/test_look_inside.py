"""How it works: for the example and for a visitor's own photo, without JavaScript."""

from __future__ import annotations

import base64
import dataclasses

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from app.config import Settings
from app.errors import BusyError
from app.factory import create_app
from app.inference.inside.look import LookInside
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.vision.bundle import ModelBundle
from app.vision.card import Card, Label, Thresholds
from app.vision.limits import ImageLimits
from app.vision.rejection import Rejection
from tests.fakes import FakeRuntime
from tests.forms import FORM, form_body
from tests.photos import draw_scene, encode
from tests.web.page_reader import Page

URL = "/how-it-works"
BROWSER = {"Accept": "text/html,*/*;q=0.8"}


def _client(card: Card, predictor: Predictor, settings: Settings, logits: list[float]) -> FlaskClient:
    bundle = ModelBundle(predictor.bundle.path, card)
    limits = ImageLimits(1_000_000)
    slot = ModelSlot(lambda: Predictor(bundle, NetworkQueue(FakeRuntime(logits), 1, 1.0), limits, 1.0))
    return create_app(settings, slot).test_client()


def _send(client: FlaskClient, *parts: tuple[str, str | None, bytes]) -> TestResponse:
    return client.post(URL, data=form_body(*parts), content_type=FORM, headers=BROWSER)


def _send_photo(client: FlaskClient, photo: bytes) -> TestResponse:
    return _send(client, ("photo", "a.jpg", photo))


def _has_the_shape_of_the_example(image: Image.Image) -> bool:
    return image.width * 420 == image.height * 640


def test_without_a_photo_the_page_explains_itself_by_a_drawn_one(client: FlaskClient) -> None:
    answer = client.get(URL)
    page = Page(answer)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert _has_the_shape_of_the_example(page.image("The example"))
    forms = [(form["method"], form["action"], form["enctype"]) for form in page.all("form")]
    assert forms == [("post", URL, "multipart/form-data")] * 2  # A file, and the address of one.


def test_the_example_costs_one_prediction_however_often_it_is_asked_for(
    client: FlaskClient, runtime: FakeRuntime
) -> None:
    client.get(URL)
    asked = len(runtime.batches)
    for _ in range(3):
        assert client.get(URL).status_code == 200
    assert len(runtime.batches) == asked


def test_another_model_looks_at_the_example_anew(client: FlaskClient, slot: ModelSlot, predictor: Predictor) -> None:
    client.get(URL)
    other = FakeRuntime([4.0, 0.0, 0.0])
    limits = ImageLimits(1_000_000)
    slot._predictor = Predictor(predictor.bundle, NetworkQueue(other, 1, 1.0), limits, 1.0)
    assert "This does not look like" in Page(client.get(URL)).text
    assert len(other.batches) == 1


def test_a_photo_is_followed_from_its_numbers_to_the_verdict(client: FlaskClient, photo: bytes) -> None:
    answer = _send_photo(client, photo)
    page = Page(answer)
    assert answer.status_code == 200
    assert page.image("Your photo").size == (160, 120)
    assert "32 × 32 × 3 = 3,072 numbers" in page.text
    assert "For “Yosemite”: +24.00 in all, divided by 6 places, is +4.00." in page.text
    assert "“Yosemite” has 93.6 %, and is named from 80.0 % on: enough." in page.text
    assert page.texts[-20:].count("This looks like Yosemite.") == 1


def test_the_table_holds_the_scores_and_what_becomes_of_them(client: FlaskClient, photo: bytes) -> None:
    text = Page(_send_photo(client, photo)).text
    assert "Yosemite +4.00 +4.00 54.60 93.6 % Sequoia +1.00 +1.00 2.72 4.7 % None of these 0.00 0.00 1.00 1.7 %" in text
    assert "Together 58.32 100.0 %" in text


def test_the_probabilities_are_the_apis(client: FlaskClient, photo: bytes) -> None:
    text = Page(_send_photo(client, photo)).text
    [result] = client.post("/api/v1/predict", data=photo, content_type="image/jpeg").get_json()["results"]
    assert all(f" {100 * row['probability']:.1f} %" in text for row in result["predictions"])


def test_the_photo_of_a_result_is_carried_on_and_the_page_says_so(client: FlaskClient, photo: bytes) -> None:
    result = client.post("/", data=form_body(("photo", "a.jpg", photo)), content_type=FORM, headers=BROWSER)
    [form] = [row for row in Page(result).all("form") if row["action"] == URL]
    [carried] = [row["value"] or "" for row in Page(result).all("input") if row.get("name") == "photo_data"]
    assert (form["method"], form["enctype"]) == ("post", "multipart/form-data")
    page = Page(_send(client, ("photo_data", None, carried.encode())))
    assert page.image("Your photo").size == (160, 120)
    assert "The photo came from the page before" in page.text
    assert "The photo came from the page before" not in Page(_send_photo(client, photo)).text


@pytest.mark.parametrize(
    ("logits", "words"),
    [
        (
            [0.0, 5.0, 5.1],
            "“Yosemite” has 52.3 %, and is named from 80.0 % on: not enough. It could be",
        ),
        ([9.0, 0.0, 0.0], "The likeliest of all is “None of these”, so nothing else is named. This does not look like"),
    ],
)
def test_every_verdict_falls_out_of_rules(
    card: Card, predictor: Predictor, settings: Settings, photo: bytes, logits: list[float], words: str
) -> None:
    assert words in Page(_send_photo(_client(card, predictor, settings, logits), photo)).text


@pytest.mark.parametrize(
    ("limit", "outcome"), [(-5.0, "too strange. This does not"), (5.0, "familiar enough. This looks")]
)
def test_a_photo_is_held_to_the_rule_of_strange_ones(
    card: Card, predictor: Predictor, settings: Settings, photo: bytes, limit: float, outcome: str
) -> None:
    thresholds = dataclasses.replace(card.thresholds, rejection=Rejection("other", {"other": 1.0}, limit))
    client = _client(dataclasses.replace(card, thresholds=thresholds), predictor, settings, [0.0, 1.0, 4.0])
    text = Page(_send_photo(client, photo)).text
    assert "How strange the photo is to the model: −4.05." in text
    assert outcome in text


def test_several_labels_are_judged_each_by_itself(
    card: Card, predictor: Predictor, settings: Settings, photo: bytes
) -> None:
    several = dataclasses.replace(card, task="multi_label", other_label=None)
    text = Page(_send_photo(_client(several, predictor, settings, [-2.0, 0.0, 3.0]), photo)).text
    assert "Each label is judged by itself" in text
    assert "Together" not in text
    assert "“Yosemite National Park” has 95.3 %" in text
    assert text.count("is named from 80.0 % on") == 3


@pytest.mark.parametrize(("n", "words"), [(1, "100.0 %"), (2, "100.0 %"), (7, "1 others"), (63, "57 others")])
def test_any_number_of_labels_has_a_page(
    card: Card, predictor: Predictor, settings: Settings, photo: bytes, n: int, words: str
) -> None:
    labels = tuple(Label(f"label-{number}", f"Label {number}") for number in range(n))
    many = dataclasses.replace(card, labels=labels, other_label=None, thresholds=Thresholds((0.5,) * n))
    answer = _send_photo(_client(many, predictor, settings, [0.0] * n), photo)
    assert answer.status_code == 200
    assert words in Page(answer).text


@pytest.mark.parametrize(
    ("parts", "status", "words"),
    [
        ([], 400, "Choose a photo first"),
        ([("photo", "", b"")], 400, "Choose a photo first"),
        ([("photo", "a.jpg", b"")], 400, "a.jpg is empty"),
        ([("photo", "a.jpg", b"a text")], 415, "This is not an image we can read."),
        ([("photo", "a.jpg", encode(draw_scene())[:700])], 422, "The image is damaged"),
        ([("photo", "a.png", encode(Image.new("RGB", (1001, 1000)), "PNG"))], 413, "too many pixels"),
        ([("photo", "a.jpg", b"1"), ("photo", "b.jpg", b"1")], 413, "One photo is taken in one request"),
        ([("photo_data", None, b"<script>")], 400, "photo_data 1 is not base64 text"),
        ([("photo_data", None, b"data:text/html;base64," + base64.b64encode(b"<script>"))], 415, "not an image"),
        ([("photo_data", None, b"data:image/jpeg;base64,")], 400, "photo_data 1 is empty"),
        ([("url", None, b"http://127.0.0.1/a.jpg")], 422, "address"),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_into_is_explained_above_the_example(
    client: FlaskClient, parts: list[tuple[str, str | None, bytes]], status: int, words: str
) -> None:
    answer = _send(client, *parts)
    page = Page(answer)
    assert answer.status_code == status
    assert words in page.text
    assert _has_the_shape_of_the_example(page.image("The example"))
    assert [row for row in page.all("p") if row.get("role") == "alert"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_busy_server_says_when_to_come_again(
    client: FlaskClient, predictor: Predictor, photo: bytes, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def refuse(*_: object, with_layers: bool) -> LookInside:
        raise BusyError("Too many photos are being looked at right now. Try again in a moment.")

    monkeypatch.setattr(predictor, "predict", refuse)
    answer = client.get(URL, headers=BROWSER) if method == "get" else _send_photo(client, photo)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert "Too many photos are being looked at" in Page(answer).text


def test_a_photo_counts_against_the_clients_rate_as_any_other_does(
    settings: Settings, slot: ModelSlot, photo: bytes
) -> None:
    client = create_app(dataclasses.replace(settings, max_photos_per_minute=1), slot).test_client()
    assert [_send_photo(client, photo).status_code for _ in range(2)] == [200, 429]
    assert client.get(URL).status_code == 200


def test_without_a_model_the_page_says_so(settings: Settings) -> None:
    assert create_app(settings).test_client().get(URL, headers=BROWSER).status_code == 503


def test_another_site_cannot_send_a_photo_here(client: FlaskClient, photo: bytes) -> None:
    body = form_body(("photo", "a.jpg", photo))
    answer = client.post(URL, data=body, content_type=FORM, headers={"Origin": "https://other.example"})
    assert answer.status_code == 403


def test_labels_that_look_like_markup_are_text(
    card: Card, predictor: Predictor, settings: Settings, photo: bytes
) -> None:
    hostile = """<script>alert("1")</script>'onload='x"""
    labels = (*card.labels[:2], Label("x", hostile))
    answer = _send_photo(_client(dataclasses.replace(card, labels=labels), predictor, settings, [0.0, 1.0, 4.0]), photo)
    assert "<script>alert" not in answer.get_data(as_text=True)
    assert hostile in Page(answer).text
    assert all("onload" not in attributes for _, attributes in Page(answer).elements)


def test_no_element_has_a_style_of_its_own(client: FlaskClient) -> None:
    assert not [tag for tag, attributes in Page(client.get(URL)).elements if "style" in attributes]
