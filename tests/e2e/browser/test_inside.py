"""How it works and the model page in a browser: found from a result, with a script and without, and for everybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.browser.conftest import NewPage
from tests.e2e.browser.hands import opened_by, verdict
from tests.e2e.browser.test_craft import COMPUTER, PHONE, TABLET, faults_by_day_and_night

Photos = Callable[[str], Path]


@pytest.mark.parametrize("with_script", [True, False], ids=["with a script", "without"])
def test_a_result_leads_to_what_happened_to_its_photo(new_page: NewPage, photos: Photos, with_script: bool) -> None:
    page = new_page(java_script_enabled=with_script, **COMPUTER)
    page.goto("/")
    page.set_input_files("#photo", photos("red"))
    if not with_script:
        page.click("text=Look at it")
    expect(verdict(page)).to_have_text("This looks like Yosemite.")
    inside = opened_by(page, lambda: page.click("text=Look inside"))
    expect(inside.get_by_role("heading", level=1)).to_have_text("How it works")
    expect(inside.locator(".outcome .headline")).to_have_text("This looks like Yosemite.")
    expect(verdict(page)).to_have_text("This looks like Yosemite.")  # It is still there.
    assert inside.get_by_alt_text("Your photo", exact=True).get_attribute("src", timeout=5_000)


@pytest.mark.parametrize("with_script", [True, False], ids=["with a script", "without"])
def test_a_photo_of_ones_own_is_looked_into(new_page: NewPage, photos: Photos, with_script: bool) -> None:
    page = new_page(java_script_enabled=with_script, **COMPUTER)
    page.goto("/how-it-works")
    expect(page.get_by_alt_text("The example", exact=False)).to_be_visible()
    page.set_input_files("#inside-photo", photos("green"))
    page.click("text=Look inside")
    expect(page.locator(".outcome .headline")).to_have_text("It could be Yosemite or Sequoia.")


def test_what_cannot_be_looked_into_is_told(new_page: NewPage, tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"a text")
    page = new_page(**COMPUTER)
    page.goto("/how-it-works")
    page.set_input_files("#inside-photo", photo)
    page.click("text=Look inside")
    expect(page.get_by_role("alert")).to_contain_text("This is not an image we can read.")


@pytest.mark.parametrize("path", ["/how-it-works", "/model"])
@pytest.mark.parametrize("device", [PHONE, TABLET, COMPUTER], ids=["phone", "tablet", "computer"])
def test_the_pages_serve_everybody(new_page: NewPage, path: str, device: dict[str, Any]) -> None:
    page = new_page(reduced_motion="reduce", **device)
    page.goto(path)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert faults_by_day_and_night(page) == []


def test_every_picture_of_the_look_inside_is_there(new_page: NewPage) -> None:
    page = new_page(**COMPUTER)
    page.goto("/how-it-works")
    widths = page.locator("main img").evaluate_all("(images) => images.map((image) => image.naturalWidth)")
    assert len(widths) > 4
    assert min(widths) > 0
