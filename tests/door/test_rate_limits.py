"""Photos a minute: whose, how many, and what is said of them."""

from __future__ import annotations

import base64
import json
import logging
import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.door.conftest import KEY, MakeClient
from tests.forms import FORM, form_body


def ask(
    client: FlaskClient, address: str = "192.0.2.1", n_photos: int = 1, path: str = "/predict", **headers: str
) -> TestResponse:
    """Photos that are none: what they are matters later than how many they are."""
    body = form_body(*[("photo", f"{number}.jpg", b"x") for number in range(n_photos)])
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    environ = {"REMOTE_ADDR": address}
    return client.post(path, data=body, content_type=FORM, headers=named, environ_overrides=environ)


def limited(answer: TestResponse) -> bool:
    return answer.status_code == 429


@pytest.mark.parametrize("limit", [1, 3])
def test_one_more_than_the_limit_is_refused(make_client: MakeClient, limit: int) -> None:
    client = make_client(max_photos_per_minute=limit)
    assert [limited(ask(client)) for _ in range(limit + 2)] == [False] * limit + [True] * 2


def test_the_refusal_says_when_to_come_again(make_client: MakeClient) -> None:
    client = make_client(max_photos_per_minute=1)
    ask(client)
    answer = ask(client)
    assert (answer.mimetype, answer.get_json()["code"]) == ("application/problem+json", "rate_limited")
    assert "At most 1 photos a minute" in answer.get_json()["detail"]
    assert 55 <= int(answer.headers["Retry-After"]) <= 61


def test_every_answer_says_what_is_left(make_client: MakeClient) -> None:
    client = make_client(max_photos_per_minute=2)
    left = [ask(client).headers for _ in range(3)]
    assert [headers["RateLimit-Remaining"] for headers in left] == ["1", "0", "0"]
    assert {headers["RateLimit-Limit"] for headers in left} == {"2"}
    assert all(1 <= int(headers["RateLimit-Reset"]) <= 61 for headers in left)
    assert ["Retry-After" in headers for headers in left] == [False, False, True]


def test_a_minute_later_there_is_room_again(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_client(max_photos_per_minute=1)
    ask(client)
    wait_s = int(ask(client).headers["Retry-After"])
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + wait_s)
    assert not limited(ask(client))


def test_several_photos_count_as_several(make_client: MakeClient) -> None:
    client = make_client(max_photos_per_minute=4)
    assert ask(client, n_photos=3).headers["RateLimit-Remaining"] == "1"
    assert limited(ask(client, n_photos=2))
    # The request that was refused has taken the one that was left.
    assert limited(ask(client))


def test_photos_in_json_count_like_those_in_a_form(make_client: MakeClient) -> None:
    client = make_client(max_photos_per_minute=5)
    photos = [{"base64": base64.b64encode(b"x").decode()}] * 3
    answer = client.post("/predict", data=json.dumps({"photos": photos}), content_type="application/json")
    assert answer.headers["RateLimit-Remaining"] == "2"


def test_who_sends_too_much_at_once_is_refused_before_it_is_fetched(make_client: MakeClient) -> None:
    client = make_client(max_photos_per_minute=2)
    photos = [{"url": "http://photos.example/a.jpg"}] * 3
    assert limited(client.post("/predict", data=json.dumps({"photos": photos}), content_type="application/json"))


def test_every_address_has_its_own_limit(make_client: MakeClient) -> None:
    client = make_client(max_photos_per_minute=1)
    ask(client, "192.0.2.1")
    assert limited(ask(client, "192.0.2.1"))
    assert not limited(ask(client, "192.0.2.2"))


def test_a_customer_with_many_addresses_has_one_limit(make_client: MakeClient) -> None:
    client = make_client(max_photos_per_minute=1)
    ask(client, "2001:db8::1")
    assert limited(ask(client, "2001:db8::ffff:2"))
    assert not limited(ask(client, "2001:db8:0:1::1"))


def test_the_page_and_the_api_are_counted_together(make_client: MakeClient) -> None:
    client = make_client(max_photos_per_minute=2)
    assert not limited(ask(client, path="/"))
    assert not limited(ask(client, path="/api/v1/predict"))
    assert limited(ask(client, path="/predict")) and limited(ask(client, path="/"))


def test_a_person_gets_a_page_that_says_so(make_client: MakeClient) -> None:
    client = make_client(max_photos_per_minute=1)
    ask(client, path="/")
    answer = ask(client, path="/", Accept="text/html")
    assert (answer.status_code, answer.mimetype) == (429, "text/html")


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/static/style.css", "/api/v1/model", "/docs"])
def test_reading_is_not_limited(make_client: MakeClient, path: str) -> None:
    client = make_client(max_photos_per_minute=1)
    ask(client), ask(client)
    for _ in range(3):
        answer = client.get(path, buffered=True, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
        assert answer.status_code == 200
        assert "RateLimit-Limit" not in answer.headers


def test_a_key_is_counted_by_itself_wherever_it_is_used(make_client: MakeClient, keys_file: Path) -> None:
    client = make_client(
        api_keys_file=keys_file, keys_needed_for="nothing", max_photos_per_minute=1, max_photos_per_minute_with_key=3
    )
    ask(client)
    assert limited(ask(client))
    assert [limited(ask(client, f"192.0.2.{n}", X_API_Key=KEY)) for n in range(4)] == [False, False, False, True]
    assert not limited(ask(client, X_API_Key="whichpark_of-bob"))


@pytest.mark.parametrize("changes", [{"max_photos_per_minute": 0}, {"max_photos_per_minute": 0, "max_photos": 50}])
def test_no_limit_is_none(make_client: MakeClient, changes: dict[str, int]) -> None:
    client = make_client(**changes)
    for _ in range(30):
        answer = ask(client, n_photos=2)
        assert answer.status_code == 200 and "RateLimit-Limit" not in answer.headers


def test_nobodys_address_is_logged(make_client: MakeClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = make_client(max_photos_per_minute=1)
    assert [ask(client, "192.0.2.123").status_code for _ in range(2)] == [415, 429]
    assert "192.0.2.123" not in caplog.text
