"""Saying it with one tap, without JavaScript: the result page, the thanks, and the receipt that deletes."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.config import Settings
from app.factory import create_app
from app.feedback.entry import WAITING, Entry
from app.feedback.store import FeedbackStore
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.vision.bundle import ModelBundle
from app.vision.card import Card, Label, Thresholds
from app.vision.limits import ImageLimits
from tests.fakes import FakeRuntime
from tests.feedback.conftest import MakeClient
from tests.forms import FORM, form_body
from tests.photos import draw_scene, encode
from tests.web.page_reader import Attributes, Page

BROWSER = {"Accept": "text/html,*/*;q=0.8"}
PHOTO = encode(draw_scene(size=(640, 480)))


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    return make_client()


def ask(client: FlaskClient) -> Page:
    body = form_body(("photo", "a.jpg", PHOTO))
    return Page(client.post("/", data=body, content_type=FORM, headers=BROWSER))


def tap(client: FlaskClient, page: Page, *, consents: bool = False, **button: Any) -> TestResponse:
    """Sends the form as a browser does: what is hidden in it, what is ticked, and the button."""
    ours = ("prediction_id", "model_name", "model_version", "named")
    fields = {row["name"]: row["value"] for row in page.all("input") if row.get("name") in ours}
    if consents:
        fields["photo_data"] = box_of(page)["value"]
    return client.post("/feedback", data=fields | button, content_type="multipart/form-data", headers=BROWSER)


def box_of(page: Page) -> Attributes:
    """The box that is ticked for the photo; another form of the page carries the photo on too, and is none of ours."""
    [box] = [row for row in page.all("input") if (row.get("name"), row["type"]) == ("photo_data", "checkbox")]
    return box


def receipt_of(answer: TestResponse) -> str:
    assert answer.status_code == 200
    [shown] = [row for row in Page(answer).all("input") if row.get("name") == "receipt"]
    return str(shown["value"])


def only(store: FeedbackStore) -> Entry:
    [entry] = store.entries(WAITING, 9)
    return entry


def test_the_box_for_the_photo_is_not_ticked_beforehand(client: FlaskClient) -> None:
    box = box_of(ask(client))
    assert "checked" not in box
    assert (box["value"] or "").startswith("data:image/jpeg;base64,")


@pytest.mark.parametrize(
    ("button", "is_right", "labels"),
    [
        ({"said": "right"}, True, ("yosemite",)),
        ({"said": "wrong"}, False, None),
        ({"label": "sequoia"}, False, ("sequoia",)),
        ({"label": "other"}, False, ("other",)),
    ],
)
def test_one_tap_says_it(
    client: FlaskClient, store: FeedbackStore, button: dict[str, Any], is_right: bool, labels: tuple[str, ...] | None
) -> None:
    page = ask(client)
    [(name, value)] = button.items()
    assert any((row.get("name"), row.get("value")) == (name, value) for row in page.all("button"))
    assert "without your photo" in Page(tap(client, page, **button)).text
    entry = only(store)
    assert (entry.is_right, entry.labels, entry.photo) == (is_right, labels, None)
    assert (entry.model_name, entry.model_version) == ("parks", "7")


def test_the_label_that_the_verdict_names_is_not_offered_as_another(client: FlaskClient) -> None:
    offered = [row["value"] for row in ask(client).all("button") if row.get("name") == "label"]
    assert offered == ["other", "sequoia"]


def test_a_ticked_box_gives_the_photo(client: FlaskClient, store: FeedbackStore) -> None:
    answer = tap(client, ask(client), consents=True, label="sequoia")
    assert "your photo are kept until" in Page(answer).text
    assert (only(store).photo or b"").startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize(("consent", "is_kept"), [({"consent": "yes"}, True), ({}, False)])
def test_the_scripts_photo_is_kept_with_its_box_alone(
    client: FlaskClient, store: FeedbackStore, consent: dict[str, str], is_kept: bool
) -> None:
    fields = {"prediction_id": "0" * 32, "model_name": "parks", "model_version": "7", "said": "wrong", **consent}
    parts = [(name, None, value.encode()) for name, value in fields.items()]
    answer = client.post("/feedback", data=form_body(*parts, ("photo", "a.jpg", PHOTO)), content_type=FORM)
    assert answer.status_code == 200
    assert (only(store).photo is not None) is is_kept


def test_with_the_script_the_page_has_a_file_that_the_box_enables(client: FlaskClient) -> None:
    body = form_body(("photo", "a.jpg", PHOTO), ("keeps_photo", None, b"1"))
    page = Page(client.post("/", data=body, content_type=FORM, headers=BROWSER))
    [box] = [row for row in page.all("input") if row.get("name") == "consent"]
    [file] = [row for row in page.all("input") if row.get("id") == box["data-sends"]]
    assert "checked" not in box and "disabled" in file and "data-own-photo" in file


def ask_model(
    settings: Settings, card: Card, logits: list[float], folder: Path, **changes: Any
) -> tuple[FlaskClient, Page]:
    """The result page of a server whose model is another."""
    bundle = ModelBundle(folder, dataclasses.replace(card, **changes))
    limits = ImageLimits(max_image_px=1_000_000)
    predictor = Predictor(bundle, NetworkQueue(FakeRuntime(logits), 4, 5.0), limits, 5.0)
    chosen = dataclasses.replace(settings, feedback=f"sqlite:///{folder / 'feedback.db'}")
    client = create_app(chosen, ModelSlot(lambda: predictor)).test_client()
    return client, ask(client)


def test_an_unsure_verdict_is_asked_about_in_other_words(settings: Settings, card: Card, tmp_path: Path) -> None:
    _, page = ask_model(settings, card, [0.0, 3.0, 3.1], tmp_path)
    assert "Do you know what it is?" in page.text and "Was this right?" not in page.text
    assert [row.get("value") for row in page.all("button") if row.get("name") in ("said", "label")] == [*card.vocab]


@pytest.mark.parametrize(("label", "is_right"), [("sequoia", True), ("yosemite", True), ("other", False)])
def test_an_unsure_verdict_is_right_where_it_is_one_of_what_it_could_be(
    settings: Settings, card: Card, tmp_path: Path, store: FeedbackStore, label: str, is_right: bool
) -> None:
    client, page = ask_model(settings, card, [0.0, 3.0, 3.1], tmp_path)
    named = [row["value"] for row in page.all("input") if row.get("name") == "named"]
    assert sorted(str(value) for value in named) == ["sequoia", "yosemite"]
    fields = {row["name"]: row["value"] for row in page.all("input") if row.get("type") == "hidden" and row["value"]}
    assert client.post("/feedback", data=fields | {"named": named, "label": label}, headers=BROWSER).status_code == 200
    assert (only(store).is_right, only(store).labels) == (is_right, (label,))


def test_what_yes_says_already_is_not_offered_as_another(settings: Settings, card: Card, tmp_path: Path) -> None:
    _, page = ask_model(settings, card, [5.0, 0.0, 0.0], tmp_path)
    offered = [row.get("value") for row in page.all("button") if row.get("name") in ("said", "label")]
    assert offered == ["right", "wrong", "sequoia", "yosemite"]


def test_none_of_these_is_right_where_the_verdict_says_so(
    settings: Settings, card: Card, tmp_path: Path, store: FeedbackStore
) -> None:
    client, page = ask_model(settings, card, [5.0, 0.0, 0.0], tmp_path)
    assert tap(client, page, said="right").status_code == 200
    assert (only(store).is_right, only(store).labels) == (True, ("other",))


def test_many_labels_are_a_list_to_choose_from(settings: Settings, card: Card, tmp_path: Path) -> None:
    labels = tuple(Label(f"park-{n}", f"Park {n}") for n in range(9))
    changes: dict[str, Any] = {"labels": labels, "other_label": None, "thresholds": Thresholds((0.8,) * 9)}
    _, page = ask_model(settings, card, [9.0, *[0.0] * 8], tmp_path, **changes)
    assert [row["value"] for row in page.all("option")] == [f"park-{n}" for n in range(1, 9)]
    assert "label" not in [row.get("name") for row in page.all("button")]


def test_several_labels_are_ticked(settings: Settings, card: Card, tmp_path: Path, store: FeedbackStore) -> None:
    labels = (Label("ball", "Ball"), Label("cone", "Cone"))
    changes: dict[str, Any] = {"labels": labels, "other_label": None, "thresholds": Thresholds((0.5, 0.5))}
    client, page = ask_model(settings, card, [4.0, -4.0], tmp_path, task="multi_label", **changes)
    assert [row["value"] for row in page.all("input") if row.get("name") == "label"] == ["ball", "cone"]
    for chosen, is_right in ((["ball", "cone"], False), (["ball"], True), ([], False)):
        assert tap(client, page, said="these", label=chosen).status_code == 200
        assert (only(store).labels, only(store).is_right) == (tuple(chosen), is_right)


def test_the_receipt_deletes_it_all(client: FlaskClient, store: FeedbackStore) -> None:
    receipt = receipt_of(tap(client, ask(client), consents=True, said="right"))
    answer = client.post("/feedback/delete", data={"receipt": f" {receipt} "}, headers=BROWSER)
    assert (answer.status_code, "It is deleted" in Page(answer).text) == (200, True)
    assert store.entries(WAITING, 9) == []
    again = client.post("/feedback/delete", data={"receipt": receipt}, headers=BROWSER)
    assert again.status_code == 404
    assert "Nothing is kept under this receipt" in Page(again).text


def test_a_receipt_can_be_typed_later(client: FlaskClient) -> None:
    [link] = [row for row in Page(client.get("/")).all("a") if row["href"] == "/feedback"]
    page = Page(client.get(str(link["href"])))
    assert [row["action"] for row in page.all("form")] == ["/feedback/delete"]
    hostile = '"><script>alert(1)</script>'
    assert b"<script>" not in client.post("/feedback/delete", data={"receipt": hostile}, headers=BROWSER).data


def test_a_double_tap_is_one_entry(client: FlaskClient, store: FeedbackStore) -> None:
    page = ask(client)
    first, second = (receipt_of(tap(client, page, said="right")) for _ in range(2))
    assert first != second
    assert only(store).is_right


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 400),
        ({"said": "perhaps"}, 400),
        ({"said": "right", "prediction_id": ""}, 400),
        ({"said": "right", "model_name": "<b>"}, 400),
        ({"label": "atlantis"}, 422),
        ({"said": "right", "photo_data": "data:image/png;base64,AAAA"}, 415),
        ({"said": "right", "photo_data": "%%%"}, 400),
    ],
)
def test_a_form_that_is_not_ours_is_refused_and_nothing_is_kept(
    client: FlaskClient, store: FeedbackStore, changes: dict[str, Any], status: int
) -> None:
    fields = {"prediction_id": "0" * 32, "model_name": "parks", "model_version": "7"}
    answer = client.post("/feedback", data=fields | changes, content_type="multipart/form-data", headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert store.entries(WAITING, 9) == []


@pytest.mark.parametrize("path", ["/feedback", "/feedback/delete"])
def test_forms_of_other_sites_are_refused(client: FlaskClient, path: str) -> None:
    assert client.post(path, data={"said": "right"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_photo_may_be_larger_than_other_fields(client: FlaskClient, store: FeedbackStore) -> None:
    noise = encode(draw_scene(size=(900, 700)), "PNG")
    assert 100_000 < len(noise) < 2_000_000
    fields = {"prediction_id": "0" * 32, "model_name": "parks", "model_version": "7", "said": "wrong"}
    parts = [(name, None, value.encode()) for name, value in fields.items()]
    form = form_body(*parts, ("photo_data", None, base64.b64encode(noise)))
    assert client.post("/feedback", data=form, content_type=FORM).status_code == 200
    assert only(store).photo is not None


def test_where_no_feedback_is_taken_none_is_asked_for(make_client: MakeClient) -> None:
    client = make_client(feedback="off")
    page = ask(client)
    assert "/feedback" not in str(page.elements)
    assert "never stored" in page.text
    assert client.post("/feedback", data={"said": "right"}).status_code == 404
    assert client.get("/feedback").status_code == 404
