"""Was this right? One tap, a receipt, and all of it deleted; with the script and without."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.door.key_file import ApiKey, digest_of
from tests.e2e.browser.conftest import NewPage
from tests.e2e.browser.hands import opened_by, verdict
from tests.e2e.browser.test_craft import PHONE, faults_by_day_and_night
from tests.e2e.server import COMMAND, Server, running

KEY = "whichpark_of-alice"
Photos = Callable[[str], Path]


@dataclass(frozen=True)
class Place:
    """A server that takes feedback, and the file it keeps it in."""

    server: Server
    file: Path

    def kept(self) -> list[tuple[int, str | None, bool]]:
        """Of every entry: whether it was right, what it is, whether there is a photo."""
        connection = sqlite3.connect(self.file)
        rows = connection.execute("SELECT is_right, labels, photo IS NOT NULL FROM feedback").fetchall()
        connection.close()
        return [(right, labels, bool(photo)) for right, labels, photo in rows]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("feedback")
    file = folder / "feedback.db"
    command = (*COMMAND[:-1], "tests.e2e.browser.coloured_app:make()")
    keys = folder / "keys"
    keys.write_text(ApiKey("alice", digest_of(KEY)).line + "\n")
    environment = {
        "WHICHPARK_MODELS_DIR": str(folder),
        "WHICHPARK_FEEDBACK": f"sqlite:///{file}",
        "WHICHPARK_API_KEYS_FILE": str(keys),
        "WHICHPARK_KEYS_NEEDED_FOR": "nothing",
        "WHICHPARK_REVIEWERS": "alice",
    }
    with running(folder, environment, command=command) as server:
        yield Place(server, file)


def ask(new_page: NewPage, place: Place, photos: Photos, *, with_script: bool) -> Page:
    """The page of a red photo, which is taken for Yosemite."""
    page = new_page(base_url=f"http://127.0.0.1:{place.server.port}", java_script_enabled=with_script)
    page.goto("/")
    page.set_input_files("#photo", photos("red"))
    if not with_script:
        page.click("text=Look at it")
    expect(verdict(page)).to_have_text("This looks like Yosemite.")
    return page


SCRIPT = pytest.mark.parametrize("with_script", [True, False], ids=["script", "plain"])


@SCRIPT
@pytest.mark.parametrize("gives_photo", [True, False], ids=["photo", "words"])
def test_a_tap_says_it_and_the_receipt_deletes_it(
    new_page: NewPage, place: Place, photos: Photos, with_script: bool, gives_photo: bool
) -> None:
    page = ask(new_page, place, photos, with_script=with_script)
    consent = page.get_by_label("Keep this photo too")
    expect(consent).not_to_be_checked()
    if gives_photo:
        consent.check()
    with page.context.expect_event("request", lambda request: request.url.endswith("/feedback")) as sent:
        thanks = opened_by(page, lambda: page.click(".feedback button:text-is('Sequoia National Park')"))
    expect(thanks.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert place.kept() == [(0, '["sequoia"]', gives_photo)]
    assert (int(sent.value.all_headers()["content-length"]) > 10_000) is gives_photo  # It is not even sent.
    assert len(thanks.get_by_label("Receipt").input_value()) == 43
    thanks.click("text=Delete it")
    expect(thanks.get_by_role("heading", level=1)).to_have_text("It is deleted")
    assert place.kept() == []
    expect(verdict(page)).to_have_text("This looks like Yosemite.")  # It is still there.


def test_a_double_tap_is_one_entry_and_a_receipt_may_be_typed_later(
    new_page: NewPage, place: Place, photos: Photos
) -> None:
    asked = ask(new_page, place, photos, with_script=False)
    page = opened_by(asked, lambda: asked.dblclick(".feedback button:text-is('Yes')"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    receipt = page.get_by_label("Receipt").input_value()
    assert len(asked.context.pages) == 2
    assert place.kept() == [(1, '["yosemite"]', False)]
    page.goto("/")
    page.click("text=Delete what you gave")
    page.get_by_label("Receipt").fill(receipt[:-1])
    page.click("button:text('Delete it')")
    expect(page.get_by_role("alert")).to_contain_text("Nothing is kept under this receipt")
    page.get_by_label("Receipt").fill(receipt)
    page.click("button:text('Delete it')")
    expect(page.get_by_role("heading", level=1)).to_have_text("It is deleted")
    assert place.kept() == []


def test_who_gives_and_who_reviews_feedback_meets_no_barrier(new_page: NewPage, place: Place, photos: Photos) -> None:
    """On a phone, by day and by night, as axe sees it; and what is accepted is no longer among what waits."""
    asked = ask(new_page, place, photos, with_script=True)
    asked.get_by_label("Keep this photo too").check()
    assert faults_by_day_and_night(asked) == []
    thanks = opened_by(asked, lambda: asked.click(".feedback button:text-is('Yes')"))
    expect(thanks.get_by_role("heading", level=1)).to_have_text("Thank you")
    assert faults_by_day_and_night(thanks) == []
    credentials = {"username": "anybody", "password": KEY}
    page = new_page(f"http://127.0.0.1:{place.server.port}", http_credentials=credentials, **PHONE)
    page.goto("/review")
    assert faults_by_day_and_night(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.get_by_label("Accept").check()
    page.click("text=Save these decisions")
    expect(page.locator("main")).to_contain_text("There is nothing here.")
    thanks.click("text=Delete it")
    expect(thanks.get_by_role("heading", level=1)).to_have_text("It is deleted")
    assert place.kept() == []
