"""How much feedback one client may give in a day: of an address or of a key, through the page and the API together."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.door.key_file import ApiKey, digest_of
from app.feedback.entry import WAITING
from app.feedback.store import FeedbackStore
from tests.feedback.conftest import MakeClient

DAY_S = 86_400
API = "/api/v1/feedback"
ALICE = "whichpark_of-alice"


def say(client: FlaskClient, digit: str = "0", address: str = "192.0.2.1", **headers: str) -> TestResponse:
    body: dict[str, Any] = {"prediction_id": digit * 32, "model": {"name": "parks", "version": "7"}, "right": True}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(API, json=body, headers=named, environ_overrides={"REMOTE_ADDR": address})


def tap(client: FlaskClient) -> TestResponse:
    form = {"prediction_id": "f" * 32, "model_name": "parks", "model_version": "7", "said": "wrong"}
    asked = {"Accept": "text/html"}
    return client.post("/feedback", data=form, headers=asked, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})


@pytest.mark.parametrize("limit", [1, 3])
def test_one_entry_more_than_the_limit_is_refused_and_not_kept(
    make_client: MakeClient, store: FeedbackStore, limit: int
) -> None:
    client = make_client(max_feedback_per_day=limit)
    assert [say(client, digit).status_code for digit in "01234"[: limit + 2]] == [200] * limit + [429] * 2
    assert store.count(WAITING) == limit


def test_the_refusal_says_what_and_when_to_come_again(make_client: MakeClient) -> None:
    client = make_client(max_feedback_per_day=1)
    say(client)
    answer = say(client)
    assert (answer.mimetype, answer.get_json()["code"]) == ("application/problem+json", "rate_limited")
    assert "At most 1 entries of feedback a day" in answer.get_json()["detail"]
    assert DAY_S - 10 <= int(answer.headers["Retry-After"]) <= DAY_S + 1


def test_a_person_gets_a_page_that_says_so(make_client: MakeClient) -> None:
    client = make_client(max_feedback_per_day=1)
    assert tap(client).status_code == 200
    answer = tap(client)
    assert (answer.status_code, answer.mimetype) == (429, "text/html")
    assert "entries of feedback a day are taken from one client" in answer.text
    assert "Retry-After" in answer.headers


def test_the_page_and_the_api_are_counted_together_and_photos_are_not(make_client: MakeClient) -> None:
    client = make_client(max_feedback_per_day=1)
    for _ in range(3):
        client.post("/predict", data=b"x", content_type="image/jpeg", environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    assert [say(client).status_code, tap(client).status_code] == [200, 429]
    assert client.post("/predict", data=b"x", content_type="image/jpeg").status_code == 415


def test_a_day_later_there_is_room_again(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_client(max_feedback_per_day=1)
    say(client)
    wait_s = int(say(client).headers["Retry-After"])
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + wait_s)
    assert say(client).status_code == 200


def test_each_address_and_each_key_has_its_own_limit(make_client: MakeClient, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(ApiKey("alice", digest_of(ALICE)).line + "\n")
    client = make_client(max_feedback_per_day=1, api_keys_file=keys, keys_needed_for="nothing")
    found = [say(client), say(client), say(client, address="192.0.2.2"), say(client, X_API_Key=ALICE)]
    found.append(say(client, address="192.0.2.3", X_API_Key=ALICE))
    assert [answer.status_code for answer in found] == [200, 429, 200, 200, 429]


def test_what_was_given_may_be_taken_back_at_the_limit(make_client: MakeClient) -> None:
    client = make_client(max_feedback_per_day=1)
    receipt = say(client).get_json()["receipt"]
    assert say(client).status_code == 429
    assert client.delete(f"{API}/{receipt}").status_code == 200


def test_no_limit_is_none(make_client: MakeClient) -> None:
    client = make_client(max_feedback_per_day=0, max_photos_per_minute=0)
    answers = [say(client, f"{number % 16:x}") for number in range(210)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("RateLimit-Limit" in answer.headers for answer in answers)
