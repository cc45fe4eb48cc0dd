"""The page's field for the address of a photo, as a visitor without JavaScript meets it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.config import Settings
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from tests.forms import FORM, form_body
from tests.intake.url_fetch.internet import FakeInternet, HostileServer, reply, running
from tests.web.page_reader import Page

HALF_DOME = "http://photos.example/half-dome.jpg?w=9"


@pytest.fixture
def internet(photo: bytes) -> Iterator[FakeInternet]:
    with running(HostileServer()) as server:
        server.plays(reply(photo, Content_Type="image/jpeg"))
        yield FakeInternet(server)


@pytest.fixture
def client(settings: Settings, slot: ModelSlot, internet: FakeInternet) -> FlaskClient:
    return create_app(settings, slot, internet.fetcher()).test_client()


def _ask(client: FlaskClient, *parts: tuple[str, str | None, bytes], path: str = "/") -> TestResponse:
    return client.post(path, data=form_body(*parts), content_type=FORM, headers={"Accept": "text/html"})


def _field(page: Page) -> dict[str, str | None]:
    [field] = [row for row in page.all("input") if row.get("name") == "url"]
    return field


def test_a_photo_on_the_internet_is_answered_with_words_and_shown(client: FlaskClient) -> None:
    answer = _ask(client, ("url", None, HALF_DOME.encode()))
    page = Page(answer)
    assert answer.status_code == 200
    assert "This looks like Yosemite." in page.text
    assert page.image("Your photo").format == "JPEG"  # Out of the page itself: the browser asks nobody else for it.


@pytest.mark.parametrize(
    ("url", "status", "words"),
    [
        ("http://127.0.0.1/?<b>'\"", 422, "no public host 127.0.0.1"),
        ("half-dome.jpg", 422, "must begin with https:// or http://"),
        ("http://nobody.example/a.jpg", 422, "no public host nobody.example"),
    ],
)
def test_an_address_without_a_photo_is_explained_and_stays_in_its_field(
    client: FlaskClient, url: str, status: int, words: str
) -> None:
    answer = _ask(client, ("url", None, url.encode()))
    page = Page(answer)
    assert answer.status_code == status
    assert words in page.text
    assert _field(page)["value"] == url


def test_a_web_page_is_told_from_a_photo(client: FlaskClient, internet: FakeInternet) -> None:
    internet.server.plays(reply(b"<!doctype html><title>Half Dome</title>", Content_Type="text/html"))
    answer = _ask(client, ("url", None, HALF_DOME.encode()))
    assert answer.status_code == 415
    assert "the address of a web page, not of a photo" in Page(answer).text


def test_an_empty_address_is_no_photo(client: FlaskClient) -> None:
    answer = _ask(client, ("url", None, b" "))
    assert answer.status_code == 400
    assert "Choose a photo first" in Page(answer).text


def test_a_photo_and_an_address_are_two_photos(client: FlaskClient, photo: bytes) -> None:
    answer = _ask(client, ("photo", "a.jpg", photo), ("url", None, HALF_DOME.encode()))
    assert answer.status_code == 200
    assert Page(answer).texts.count("This looks like Yosemite.") == 2


def test_where_photos_are_not_fetched_the_page_asks_for_no_address(settings: Settings, slot: ModelSlot) -> None:
    client = create_app(dataclasses.replace(settings, url_fetch="off"), slot).test_client()
    page = Page(client.get("/"))
    assert [field["name"] for field in page.all("input")] == ["photo", "photo"]
    assert len(page.all("form")) == 1
    assert _ask(client, ("url", None, HALF_DOME.encode())).status_code == 422


def test_a_photo_on_the_internet_is_looked_into(client: FlaskClient) -> None:
    assert _field(Page(client.get("/how-it-works")))["maxlength"]
    page = Page(_ask(client, ("url", None, HALF_DOME.encode()), path="/how-it-works"))
    assert "made from your photo" in page.text
    assert page.image("Your photo").format == "JPEG"


def test_an_address_that_cannot_be_looked_into_stays_in_its_field(client: FlaskClient) -> None:
    answer = _ask(client, ("url", None, b"http://nobody.example/a.jpg"), path="/how-it-works")
    assert (answer.status_code, _field(Page(answer))["value"]) == (422, "http://nobody.example/a.jpg")


def test_the_look_inside_asks_for_no_address_where_none_is_fetched(settings: Settings, slot: ModelSlot) -> None:
    client = create_app(dataclasses.replace(settings, url_fetch="off"), slot).test_client()
    assert not [row for row in Page(client.get("/how-it-works")).all("input") if row.get("name") == "url"]
