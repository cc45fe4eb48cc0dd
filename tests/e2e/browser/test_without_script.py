"""The pages in a browser without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.conftest import NewPage
from tests.e2e.browser.hands import verdict

Photos = Callable[[str], Path]


@pytest.fixture
def plain(new_page: NewPage) -> Page:
    page = new_page(java_script_enabled=False, viewport={"width": 1200, "height": 850})
    page.goto("/")
    return page


def test_a_photo_is_chosen_sent_and_answered(plain: Page, photos: Photos) -> None:
    plain.set_input_files("#photo", photos("red"))
    plain.click("text=Look at it")
    expect(verdict(plain)).to_have_text("This looks like Yosemite.")
    expect(plain.locator(".stack .photo")).to_be_visible()


def test_several_photos_are_answered_on_one_page(plain: Page, photos: Photos) -> None:
    plain.set_input_files("#photo", [photos("red"), photos("green")])
    plain.click("text=Look at it")
    expect(plain.locator(".many .verdict h2")).to_have_text(
        ["This looks like Yosemite.", "It could be Yosemite or Sequoia."]
    )


def test_the_address_of_a_photo_is_fetched(plain: Page) -> None:
    plain.fill("#url", "http://photos.example/half-dome.jpg")
    plain.click("text=Fetch it")
    expect(verdict(plain)).to_have_text("This looks like Yosemite.")


def test_what_goes_wrong_is_told_above_the_form(plain: Page, tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"a text")
    plain.set_input_files("#photo", photo)
    plain.click("text=Look at it")
    expect(plain.get_by_role("alert")).to_contain_text("This is not an image we can read.")
    plain.click("text=Look at it")
    expect(plain.get_by_role("alert")).to_have_text("Choose a photo first, then ask.")


def test_a_heat_map_for_each_label_is_chosen_by_radio_buttons(plain: Page, photos: Photos) -> None:
    plain.set_input_files("#photo", photos("red"))
    plain.click("text=Look at it")
    maps = plain.locator(".stack .map")
    expect(maps).to_have_count(3)
    expect(maps.nth(0)).to_have_css("opacity", "0.85")
    plain.click("label:text-is('Sequoia')")
    expect(maps.nth(1)).to_have_css("opacity", "0.85")
    expect(maps.nth(0)).to_have_css("opacity", "0")
    expect(plain.locator("figcaption")).to_contain_text("speaks for Sequoia")
    plain.click("text=Just the photo")
    expect(maps.nth(1)).to_have_css("opacity", "0")


def test_nothing_is_shown_that_only_a_script_could_do(plain: Page, photos: Photos) -> None:
    expect(plain.locator(".open-camera")).to_be_hidden()
    expect(plain.locator(".or")).to_be_hidden()
    plain.set_input_files("#photo", photos("red"))
    plain.click("text=Look at it")
    expect(plain.locator(".strength")).to_be_hidden()
