"""/review: for who has the key of a reviewer alone; accepting and rejecting; nothing of it can be forged."""

from __future__ import annotations

import base64
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.door.key_file import ApiKey, digest_of
from app.feedback.entry import ACCEPTED, REJECTED, WAITING
from app.feedback.store import FeedbackStore
from tests.feedback.conftest import MakeClient, make_photo, make_statement
from tests.photos import draw_scene, encode
from tests.web.page_reader import Page

JPEG = encode(draw_scene())
SOME = f"decision-{'0' * 32}"


def as_password(secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'anyone:{secret}'.encode()).decode()}"}


ALICE, BOB = as_password("whichpark_of-alice"), as_password("whichpark_of-bob")


@pytest.fixture
def client(make_client: MakeClient, tmp_path: Path) -> FlaskClient:
    names = ("alice", "bob")
    lines = [ApiKey(name, digest_of(f"whichpark_of-{name}")).line for name in names]
    (tmp_path / "keys").write_text("\n".join(lines) + "\n")
    return make_client(api_keys_file=tmp_path / "keys", reviewers=("alice",), keys_needed_for="nothing")


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("headers", [{}, BOB, as_password("guess"), {"Authorization": "Basic !"}])
def test_nobody_else_reviews_and_a_browser_asks_for_the_password(
    client: FlaskClient, store: FeedbackStore, method: str, headers: dict[str, str]
) -> None:
    store.add(make_statement(), make_photo(jpeg=JPEG))
    [entry] = store.entries(WAITING, 1)
    answer = getattr(client, method)("/review", data={f"decision-{entry.id}": "accepted"}, headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="Which Park?"')
    assert store.count(WAITING) == 1
    assert entry.id not in answer.get_data(as_text=True)


def test_without_reviewers_there_is_no_such_page(make_client: MakeClient) -> None:
    assert make_client().get("/review").status_code == 404


def test_entries_are_shown_most_informative_first_with_their_photos(client: FlaskClient, store: FeedbackStore) -> None:
    store.add(make_statement(labels=None), None)
    store.add(make_statement(labels=("yosemite",), is_right=True), make_photo(0.5, JPEG))
    store.add(make_statement(labels=("sequoia",)), make_photo(-0.5, JPEG))
    page = Page(client.get("/review", headers=ALICE))
    names = ("Sequoia National Park", "Yosemite National Park", "Nobody says what it is")
    places = [page.text.index(name) for name in names]
    assert places == sorted(places)
    assert len([row for row in page.all("img") if "visitor" in (row["alt"] or "")]) == 2
    assert "parks-7 says (match): Yosemite National Park 75 %, Sequoia National Park 25 %" in page.text
    assert not any("checked" in row for row in page.all("input"))


def test_what_is_accepted_and_rejected_leaves_the_list(client: FlaskClient, store: FeedbackStore) -> None:
    for margin in (-0.9, -0.5, 0.1):
        store.add(make_statement(), make_photo(margin, JPEG))
    first, second, third = store.entries(WAITING, 9)
    decisions = {f"decision-{first.id}": "accepted", f"decision-{second.id}": "rejected", "state": "waiting"}
    answer = client.post("/review", data=decisions, headers=ALICE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/review?state=waiting")
    assert [entry.id for entry in store.entries(WAITING, 9)] == [third.id]
    [accepted], [rejected] = store.entries(ACCEPTED, 9), store.entries(REJECTED, 9)
    assert (accepted.reviewed_by, rejected.photo) == ("alice", None)
    assert "decided" in Page(client.get("/review?state=accepted", headers=ALICE)).text
    client.post("/review", data={f"decision-{accepted.id}": "rejected"}, headers=ALICE)  # A second thought.
    assert store.count(REJECTED) == 2


def test_a_page_has_twenty_entries(client: FlaskClient, store: FeedbackStore) -> None:
    for _ in range(21):
        store.add(make_statement(), None)
    shown = [len(Page(client.get(f"/review?page={page}", headers=ALICE)).all("fieldset")) for page in (1, 2, 3)]
    assert shown == [20, 1, 0]
    assert "Page 1 of 2, 21 in all." in Page(client.get("/review", headers=ALICE)).text


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=²", "page=9999999", "page=-1", "state=all", "state="])
def test_a_query_without_sense_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/review?{query}", headers=ALICE).status_code == 400


@pytest.mark.parametrize(
    "form", [{f"decision-{'0' * 32}": "waiting"}, {f"decision-{'0' * 32}": "' OR 1=1"}, {"state": "x"}]
)
def test_a_decision_without_sense_is_refused(client: FlaskClient, store: FeedbackStore, form: dict[str, Any]) -> None:
    store.add(make_statement(), None)
    assert client.post("/review", data=form, headers=ALICE).status_code == 400
    assert store.count(WAITING) == 1


def test_another_site_cannot_decide_with_the_password_that_a_browser_remembers(
    client: FlaskClient, store: FeedbackStore
) -> None:
    store.add(make_statement(), None)
    [entry] = store.entries(WAITING, 1)
    headers = ALICE | {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/review", data={f"decision-{entry.id}": "accepted"}, headers=headers).status_code == 403
    assert store.count(WAITING) == 1


def test_what_is_said_is_shown_as_text(client: FlaskClient, store: FeedbackStore) -> None:
    hostile = '"><script>alert(1)</script>'
    store.add(make_statement(labels=(hostile,)), dataclasses.replace(make_photo(jpeg=JPEG), looked_at_by=hostile))
    assert b"<script>alert" not in client.get("/review", headers=ALICE).data
