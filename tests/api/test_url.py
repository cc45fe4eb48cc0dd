"""POST /api/v1/predict with the addresses of photos."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.config import Settings
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.intake.url_fetch.limits import FetchLimits
from tests.forms import FORM, form_body
from tests.intake.url_fetch.internet import FakeInternet, HostileServer, redirect, reply, running

URL = "/api/v1/predict"
HALF_DOME = "http://photos.example/half-dome.jpg"


@pytest.fixture
def internet(photo: bytes) -> Iterator[FakeInternet]:
    """An internet where every host sends the same photo."""
    with running(HostileServer()) as server:
        server.plays(reply(photo, Content_Type="image/jpeg"))
        yield FakeInternet(server)


@pytest.fixture
def client(settings: Settings, slot: ModelSlot, internet: FakeInternet) -> FlaskClient:
    return create_app(settings, slot, internet.fetcher()).test_client()


def _results(client: FlaskClient, *entries: dict[str, str]) -> list[dict[str, Any]]:
    answer = client.post(URL, json={"photos": list(entries)})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.get_json()["results"]
    return results


def test_a_photo_may_be_named_by_its_address_in_json(client: FlaskClient) -> None:
    [result] = _results(client, {"url": f"{HALF_DOME}?token=secret"})
    assert (result["source"], result["label"]) == (HALF_DOME, "yosemite")


def test_a_photo_may_be_named_by_its_address_in_a_form(client: FlaskClient) -> None:
    answer = client.post(URL, data=form_body(("url", None, HALF_DOME.encode())), content_type=FORM)
    [result] = answer.get_json()["results"]
    assert (result["source"], result["label"]) == (HALF_DOME, "yosemite")


def test_addresses_and_photos_may_be_mixed_and_keep_their_order(client: FlaskClient, photo: bytes) -> None:
    encoded = base64.b64encode(photo).decode()
    other = "http://other.example/b.jpg"
    results = _results(client, {"url": HALF_DOME}, {"base64": encoded}, {"url": other})
    assert [(row["source"], row["label"]) for row in results] == [
        (HALF_DOME, "yosemite"), ("photos[1]", "yosemite"), (other, "yosemite"),
    ]  # fmt: skip


def test_a_photo_that_cannot_be_fetched_does_no_harm_to_those_beside_it(client: FlaskClient) -> None:
    refused, found = _results(client, {"url": "http://169.254.169.254/latest/?secret"}, {"url": HALF_DOME})
    assert refused["source"] == "http://169.254.169.254/latest/"
    assert refused["error"]["code"] == "url_refused"
    assert found["label"] == "yosemite"


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (redirect("http://127.0.0.1/"), 422, "url_refused"),
        (reply(b"", "404 Not Found"), 422, "url_bad_answer"),
        (reply(b"<!doctype html><title>Half Dome</title>"), 415, "url_is_web_page"),
        (reply(b"a text", Content_Type="image/jpeg"), 415, "unsupported_image"),
        (reply(b"\xff\xd8\xff damaged"), 422, "damaged_image"),
        (reply(b"", Content_Length="20000001"), 413, "url_too_large"),
    ],
)
def test_an_address_without_a_photo_is_a_problem_that_says_so(
    client: FlaskClient, internet: FakeInternet, answer: bytes, status: int, code: str
) -> None:
    internet.server.plays(answer)
    problem = client.post(URL, json={"photos": [{"url": HALF_DOME}]})
    assert (problem.status_code, problem.mimetype) == (status, "application/problem+json")
    assert (problem.get_json()["code"], problem.get_json()["status"]) == (code, status)


def test_nothing_is_fetched_for_a_request_of_too_many_photos(client: FlaskClient, internet: FakeInternet) -> None:
    answer = client.post(URL, json={"photos": [{"url": HALF_DOME}] * 4})  # The settings allow three.
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too_many_photos")
    assert internet.looked_up == []


def test_nothing_is_fetched_for_a_request_that_is_malformed(client: FlaskClient, internet: FakeInternet) -> None:
    answer = client.post(URL, json={"photos": [{"url": HALF_DOME}, {"url": 5}]})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed_request")
    assert internet.looked_up == []


def test_where_all_places_are_taken_the_server_is_busy(
    settings: Settings, slot: ModelSlot, internet: FakeInternet
) -> None:
    """The only place is taken by the request during which another one is sent."""
    answers = []
    app = create_app(settings, slot, internet.fetcher(FetchLimits(max_fetches=1)))

    def ask() -> None:
        answers.append(app.test_client().post(URL, json={"photos": [{"url": HALF_DOME}]}))

    internet.server.plays(lambda connection: ask())
    ask()
    busy, _ = answers
    assert (busy.status_code, busy.get_json()["code"], busy.headers["Retry-After"]) == (503, "busy", "1")


@pytest.mark.parametrize(
    "photos",
    [
        {"json": {"photos": [{"url": HALF_DOME}]}},
        {"data": form_body(("url", None, HALF_DOME.encode())), "content_type": FORM},
    ],
    ids=["json", "form"],
)
def test_an_operator_may_turn_fetching_off(settings: Settings, slot: ModelSlot, photos: dict[str, Any]) -> None:
    client = create_app(dataclasses.replace(settings, url_fetch="off"), slot).test_client()
    answer = client.post(URL, **photos)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "url_not_supported")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://[::1]/", "http://0x7f.1/", "http://localhost/", "file:///etc"]
)
def test_the_internets_fetcher_is_the_default_and_guarded(settings: Settings, slot: ModelSlot, url: str) -> None:
    answer = create_app(settings, slot).test_client().post(URL, json={"photos": [{"url": url}]})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "url_refused")
