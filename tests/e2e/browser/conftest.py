"""One Chromium and one server for all tests of this folder; a page of its own for each.

A test that takes `page` fails if the page logs an error, breaks its policy or asks anybody but the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from tests.e2e.browser.chromium import chromium
from tests.e2e.browser.drawings import draw_landscape
from tests.e2e.server import COMMAND, Server, running
from tests.photos import encode

ANSWER_MS = 15_000
# A refused photo is an answer like any other, and a lost connection no fault of the page; the browser logs both.
_ANSWERS = ("Failed to load resource: the server responded with a status of", "Failed to load resource: net::ERR_")
MAX_UPLOAD_BYTES = 1_500_000

NewPage = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ended with this folder's tests: Playwright keeps an event loop running, which others may not expect."""
    expect.set_options(timeout=ANSWER_MS)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The application whose network goes by colour; see `coloured_app`."""
    folder = tmp_path_factory.mktemp("browser")
    command = (*COMMAND[:-1], "tests.e2e.browser.coloured_app:make()")
    environment = {"WHICHPARK_MODELS_DIR": str(folder), "WHICHPARK_MAX_UPLOAD_BYTES": str(MAX_UPLOAD_BYTES)}
    with running(folder, environment, command=command) as server:
        yield server


@pytest.fixture(scope="package")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The file of a drawn landscape, by its colour."""
    folder = tmp_path_factory.mktemp("photos")

    def _photo(colour: str) -> Path:
        path = folder / f"{colour}.jpg"
        if not path.exists():
            path.write_bytes(encode(draw_landscape(colour)))
        return path

    return _photo


@pytest.fixture
def new_page(browser: Browser, server: Server) -> Iterator[NewPage]:
    """A page in a browser that knows nothing yet. Its options are those of Playwright's `new_context`."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def _new_page(base_url: str = "", **options: Any) -> Page:
        context = browser.new_context(base_url=base_url or f"http://127.0.0.1:{server.port}", **options)
        contexts.append(context)
        context.set_default_timeout(ANSWER_MS)
        page = context.new_page()
        _watch(page, faults)
        return page

    yield _new_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """The first page, on a computer."""
    page = new_page(viewport={"width": 1200, "height": 850})
    page.goto("/")
    return page


def _watch(page: Page, faults: list[str]) -> None:
    """Whatever goes wrong in a page is put down among the faults."""

    def heed(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_ANSWERS):
            faults.append(message.text)

    def ensure_ours(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "blob:http://127.0.0.1:", "data:image/")):
            faults.append(f"asked for {request.url[:200]}")

    page.on("console", heed)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", ensure_ours)
