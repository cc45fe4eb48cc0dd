"""Another bundle: things instead of places, several on one photo. Nothing on the pages speaks of parks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browser.conftest import NewPage
from tests.e2e.server import COMMAND, Server, running

Photos = Callable[[str], Path]


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("things")
    command = (*COMMAND[:-1], "tests.e2e.browser.coloured_app:make_things()")
    with running(folder, {"WHICHPARK_MODELS_DIR": str(folder)}, command=command) as server:
        yield server


def test_a_bundle_of_things_is_asked_and_answers_in_its_own_words(
    new_page: NewPage, things: Server, photos: Photos
) -> None:
    page = new_page(f"http://127.0.0.1:{things.port}")
    page.goto("/")
    expect(page.locator("h1")).to_have_text("What is this?")
    expect(page).to_have_title("What is it?")
    expect(page.locator(".lead")).to_contain_text("I know Traffic cone and Dog")
    expect(page.locator(".scenery")).to_have_count(0)
    page.set_input_files("#photo", photos("red"))
    expect(page.locator("h1")).to_have_text("I see Dog.")
    expect(page.locator(".tells h2").first).to_have_text("Is it in the photo?")
    page.set_input_files("#photo", photos("blue"))
    expect(page.locator("h1")).to_have_text("I see nothing here that I know.")
    expect(page.locator(".advice")).to_contain_text("Come closer")
    assert "park" not in page.locator("body").inner_text().lower()
