"""The pages, as a visitor without JavaScript meets them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from app.config import Settings
from app.errors import BusyError
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.inference.runtime import Array, NetworkOutput
from app.vision.bundle import REPORT, ModelBundle
from app.vision.card import Card, Label, Thresholds
from app.vision.decoding.formats import FORMATS_IN_WORDS
from app.vision.limits import ImageLimits
from tests.fakes import FakeRuntime
from tests.forms import FORM, form_body
from tests.photos import draw_quadrants, draw_scene, encode
from tests.web.page_reader import Page

BROWSER = {"Accept": "text/html,*/*;q=0.8"}
HOSTILE = """<script>alert("1")</script>'onload='x"""

MakeClient = Callable[..., FlaskClient]


@pytest.fixture
def make_client(card: Card, settings: Settings, tmp_path: Path) -> MakeClient:
    """A client of an app whose card, or network, is another."""

    def _make(runtime: FakeRuntime | None = None, **card_changes: Any) -> FlaskClient:
        bundle = ModelBundle(tmp_path, dataclasses.replace(card, **card_changes))
        network = runtime or FakeRuntime([0.0, 1.0, 4.0])
        slot = ModelSlot(lambda: Predictor(bundle, NetworkQueue(network, 1, 1.0), ImageLimits(1_000_000), 1.0))
        return create_app(settings, slot).test_client()

    return _make


def _ask(client: FlaskClient, *parts: tuple[str, str | None, bytes]) -> TestResponse:
    return client.post("/", data=form_body(*parts), content_type=FORM, headers=BROWSER)


def _ask_photo(client: FlaskClient, photo: bytes) -> TestResponse:
    return _ask(client, ("photo", "a.jpg", photo))


def test_the_first_page_names_the_labels_and_not_the_other(client: FlaskClient) -> None:
    answer = client.get("/")
    page = Page(answer)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "I know Sequoia and Yosemite, and I say so" in page.text
    assert "None of these" not in page.text


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["A"], "I know A, and I say so"),
        (["A", "B"], "I know A and B, and I say so"),
        (["A", "B", "C", "D"], "I know A, B, C and D, and I say so"),
    ],
)
def test_the_first_page_lists_any_number_of_labels(make_client: MakeClient, names: list[str], sentence: str) -> None:
    labels = (Label("other", "None of these"), *(Label(name.lower(), name) for name in names))
    runtime = FakeRuntime([0.0] * len(labels))
    page = Page(make_client(runtime, labels=labels, thresholds=Thresholds((0.8,) * len(labels))).get("/"))
    assert sentence in page.text


def test_the_form_sends_a_photo_to_this_page(client: FlaskClient) -> None:
    page = Page(client.get("/"))
    for form in page.all("form"):
        assert (form["method"], form["action"], form["enctype"]) == ("post", "/", "multipart/form-data")
    file, camera, address = page.all("input")
    assert (file["type"], file["name"], file["accept"]) == ("file", "photo", "image/*,.heic,.heif,.avif")
    assert (camera["type"], camera["name"], camera["capture"]) == ("file", "photo", "environment")
    assert (address["type"], address["name"], address["value"]) == ("url", "url", "")
    assert [file["id"], camera["id"], address["id"]] == [label["for"] for label in page.all("label")]


@pytest.mark.parametrize(
    ("max_upload_bytes", "words"), [(20_000_000, "at most 20 MB"), (500_000, "at most 0.5 MB"), (1_500_000, "1.5 MB")]
)
def test_the_form_tells_its_limits(slot: ModelSlot, settings: Settings, max_upload_bytes: int, words: str) -> None:
    settings = dataclasses.replace(settings, max_upload_bytes=max_upload_bytes)
    text = Page(create_app(settings, slot).test_client().get("/")).text
    assert words in text
    assert "JPEG, PNG" in text


def test_a_photo_is_answered_with_words(client: FlaskClient, photo: bytes) -> None:
    answer = _ask_photo(client, photo)
    page = Page(answer)
    assert answer.status_code == 200
    assert "This looks like Yosemite." in page.text
    assert [form["action"] for form in page.all("form")].count("/") == 2  # To ask again.


@pytest.mark.parametrize(
    ("logits", "headline"),
    [
        ([0.0, 5.0, 5.1], "It could be Yosemite or Sequoia."),
        ([9.0, 0.0, 0.0], "This does not look like any national park I know."),
    ],
)
def test_every_verdict_has_its_words(make_client: MakeClient, photo: bytes, logits: list[float], headline: str) -> None:
    assert headline in Page(_ask_photo(make_client(FakeRuntime(logits)), photo)).texts


def test_the_page_shows_the_photo_upright_and_the_heat_map_of_its_shape(client: FlaskClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    page = Page(_ask_photo(client, encode(draw_quadrants((80, 60)), exif=exif)))
    photo, heat_map = (
        page.image("Your photo"),
        page.image("Heat map: the brighter a place, the more it speaks for Yosemite"),
    )
    assert (photo.format, photo.size) == ("JPEG", (60, 80))
    assert (heat_map.format, heat_map.mode, heat_map.size) == ("PNG", "RGBA", (120, 160))


def test_the_photo_that_a_page_shows_can_be_sent_again(client: FlaskClient, photo: bytes) -> None:
    [shown] = [row["src"] or "" for row in Page(_ask_photo(client, photo)).all("img") if row["alt"] == "Your photo"]
    answer = _ask(client, ("photo_data", None, shown.encode()))
    assert answer.status_code == 200
    assert Page(answer).image("Your photo").size == (160, 120)


def test_the_page_has_a_bar_for_every_label_highest_first(client: FlaskClient, photo: bytes) -> None:
    page = Page(_ask_photo(client, photo))
    widths = [row["width"] for row in page.all("rect") if row["class"] == "fill"]
    assert widths == ["93.62%", "4.66%", "1.71%"]
    assert [text for text in page.texts if text.endswith(" %")] == ["94 %", "5 %", "2 %"]


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"a text", 415, "This is not an image we can read."),
        (encode(draw_scene())[:700], 422, "The image is damaged"),
        (encode(Image.new("RGB", (1001, 1000)), "PNG"), 413, "too many pixels (1001 x 1000): at most 1 megapixels"),
    ],
)
def test_a_photo_that_does_not_open_is_explained_above_the_form(
    client: FlaskClient, content: bytes, status: int, words: str
) -> None:
    answer = _ask_photo(client, content)
    page = Page(answer)
    assert answer.status_code == status
    assert words in page.text
    assert {"class": "message", "role": "alert", "data-error": None} in page.all("p")
    assert len(page.all("form")) == 2


def test_no_photo_chosen_is_answered_kindly(client: FlaskClient) -> None:
    answer = _ask(client, ("photo", "", b""))
    assert answer.status_code == 400
    assert "Choose a photo first, then ask." in Page(answer).text


def test_several_photos_are_answered_side_by_side(client: FlaskClient, photo: bytes) -> None:
    answer = _ask(client, ("photo", "a.jpg", photo), ("photo", "b.jpg", b"a text"), ("photo", "c.jpg", photo))
    page = Page(answer)
    assert answer.status_code == 200
    assert page.texts.count("This looks like Yosemite.") == 2
    assert page.image("Your photo a.jpg").format == page.image("Your photo c.jpg").format == "JPEG"
    assert page.texts.index("b.jpg") < page.texts.index(
        "This is not an image we can read. Send " + FORMATS_IN_WORDS + "."
    )
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_more_photos_than_are_taken_at_once_are_refused(client: FlaskClient, photo: bytes) -> None:
    answer = _ask(client, *[("photo", "a.jpg", photo)] * 4)
    assert answer.status_code == 413
    assert "At most 3 photos are taken" in Page(answer).text


def test_a_photo_that_the_browser_keeps_is_not_sent_back(client: FlaskClient, photo: bytes) -> None:
    page = Page(_ask(client, ("photo", "a.jpg", photo), ("keeps_photo", None, b"1")))
    [shown] = [row for row in page.all("img") if row["alt"] == "Your photo"]
    assert "src" not in shown
    assert "data-own-photo" in shown


def test_one_of_several_is_shown_as_small_as_they_are(client: FlaskClient, photo: bytes) -> None:
    page = Page(_ask(client, ("photo", "a.jpg", photo), ("as_card", None, b"1")))
    assert page.text.index("Your photos") < page.text.index("This looks like Yosemite.")


def test_an_upload_over_the_limit_is_a_page_too(client: FlaskClient) -> None:
    answer = _ask_photo(client, bytes(2_000_001))
    assert (answer.status_code, answer.mimetype) == (413, "text/html")
    assert "2 MB" in Page(answer).text


class BusyRuntime(FakeRuntime):
    """Has time for the warm-up alone."""

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        if self.batches:
            raise BusyError("Too many photos are being looked at right now.")
        return super().run(batch, with_layers=with_layers)


def test_a_busy_server_says_so_and_when_to_come_again(make_client: MakeClient, photo: bytes) -> None:
    answer = _ask_photo(make_client(BusyRuntime([0.0, 1.0, 4.0])), photo)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "Too many photos are being looked at right now." in Page(answer).text


def _every_page(client: FlaskClient, photo: bytes) -> list[TestResponse]:
    return [
        client.get("/"),
        _ask_photo(client, photo),
        _ask_photo(client, b"a text"),
        _ask(client),
        client.get("/nothing", headers=BROWSER),
    ]


def test_no_page_has_what_its_policy_forbids(client: FlaskClient, photo: bytes) -> None:
    for answer in _every_page(client, photo):
        elements = Page(answer).elements
        assert [tag for tag, _ in elements].count("style") == 1  # See test_style_sheet.
        for tag, attributes in elements:
            assert tag != "script" or attributes.get("src")
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
            for name in ("src", "href", "action"):
                address = attributes.get(name) or "/"
                assert address.startswith(("/", "#", "data:image/")), f"{address} is elsewhere"


def test_everything_a_page_links_to_is_there(client: FlaskClient, photo: bytes) -> None:
    linked = set()
    for answer in _every_page(client, photo):
        for _, attributes in Page(answer).elements:
            linked |= {attributes.get("href"), attributes.get("src")}
    paths = {path for path in linked if path and path.startswith("/static/")}
    assert len(paths) >= 2
    assert {path: client.get(path, buffered=True).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_browsers_find_the_icon_where_they_look_for_it(client: FlaskClient) -> None:
    answer = client.get("/favicon.ico", buffered=True)
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert answer.data.startswith(b"<svg")


def test_a_hostile_name_of_a_label_is_text_and_nothing_else(make_client: MakeClient, photo: bytes) -> None:
    labels = (Label("other", HOSTILE), Label("a", HOSTILE), Label("b", HOSTILE))
    client = make_client(FakeRuntime([0.0, 1.0, 4.0]), labels=labels, other_label="other", name="parks")
    for answer in _every_page(client, photo)[:4]:
        page = Page(answer)
        assert [set(script) for script in page.all("script")] == [{"src", "type"}]
        assert not [attributes for _, attributes in page.elements if "onload" in attributes]
        assert HOSTILE in page.text


def test_the_report_is_shown_under_a_policy_of_its_own(client: FlaskClient, slot: ModelSlot) -> None:
    folder = slot.predictor.bundle.path
    folder.mkdir()
    (folder / REPORT).write_text("<!doctype html><title>Report</title>", encoding="utf-8")
    answer = client.get("/model/report", buffered=True)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "Report" in answer.get_data(as_text=True)
    assert "style-src 'unsafe-inline'" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]


def test_a_bundle_without_a_report_has_none_to_show(client: FlaskClient) -> None:
    assert client.get("/model/report").status_code == 404
