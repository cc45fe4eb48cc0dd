"""The ways in which a visitor shows a photo, each to its verdict."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.conftest import NewPage
from tests.e2e.browser.hands import drop, paste, text_of, transfer_of, verdict

Photos = Callable[[str], Path]
URL = "http://photos.example/half-dome.jpg"


@pytest.mark.parametrize(
    ("colour", "headline"),
    [
        ("red", "This looks like Yosemite."),
        ("green", "It could be Yosemite or Sequoia."),
        ("blue", "This does not look like any national park I know."),
    ],
)
def test_a_chosen_photo_is_answered_at_once(page: Page, photos: Photos, colour: str, headline: str) -> None:
    page.set_input_files("#photo", photos(colour))
    expect(verdict(page)).to_have_text(headline)
    expect(page.locator("#hero")).to_have_count(0)
    expect(page.locator(".stack .photo")).to_have_attribute("src", re.compile("^blob:"))
    assert page.url.endswith("/")


def test_the_photo_is_shown_while_it_is_looked_at(page: Page, photos: Photos) -> None:
    page.route("**/", lambda route: None)  # Nobody answers.
    page.set_input_files("#photo", photos("red"))
    expect(page.locator(".waiting .photo")).to_be_visible()
    expect(page.locator(".waiting .doing")).to_have_text("Sending it …")


def test_another_photo_takes_the_place_of_the_last_without_a_new_page(page: Page, photos: Photos) -> None:
    page.evaluate("window.isTheSamePage = true")
    page.set_input_files("#photo", photos("red"))
    expect(verdict(page)).to_have_text("This looks like Yosemite.")
    page.set_input_files("#photo", photos("blue"))
    expect(verdict(page)).to_have_text("This does not look like any national park I know.")
    expect(page.locator(".result")).to_have_count(1)
    assert page.evaluate("window.isTheSamePage")


def test_a_photo_is_dropped(page: Page, photos: Photos) -> None:
    transfer = transfer_of(page, photos("red"))
    page.dispatch_event("#ask", "dragover", {"dataTransfer": transfer})
    expect(page.locator("#ask")).to_have_class("ask dropping")
    drop(page, transfer)
    expect(verdict(page)).to_have_text("This looks like Yosemite.")
    expect(page.locator("#ask")).to_have_class("ask")


def test_a_photo_is_pasted(page: Page, photos: Photos) -> None:
    paste(page, transfer_of(page, photos("red")))
    expect(verdict(page)).to_have_text("This looks like Yosemite.")


def test_the_address_of_a_photo_is_typed_dropped_and_pasted(page: Page) -> None:
    page.fill("#url", URL)
    page.press("#url", "Enter")
    expect(verdict(page)).to_have_text("This looks like Yosemite.")
    expect(page.locator(".stack .photo")).to_have_attribute("src", re.compile("^data:image/jpeg"))
    for way in (drop, paste):
        page.goto("/")
        way(page, text_of(page, URL))
        expect(verdict(page)).to_have_text("This looks like Yosemite.")


def test_what_is_neither_photo_nor_address_is_left_alone(page: Page) -> None:
    paste(page, text_of(page, "Half Dome, as seen from Glacier Point"))
    drop(page, text_of(page, "javascript:alert(1)"))
    expect(page.locator("#hero")).to_be_visible()
    expect(page.locator(".result")).to_have_count(0)


def test_several_photos_are_a_gallery_and_one_that_fails_harms_no_other(
    page: Page, photos: Photos, tmp_path: Path
) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("no photo")
    page.set_input_files("#photo", [photos("red"), text, photos("blue")])
    cards = page.locator(".many > .result")
    expect(cards).to_have_count(3)
    expect(cards.nth(0).locator(".verdict h2")).to_have_text("This looks like Yosemite.")
    expect(cards.nth(1).locator(".message")).to_contain_text("This is not an image we can read.")
    expect(cards.nth(1).locator("h2")).to_have_text("notes.jpg")
    expect(cards.nth(2).locator(".verdict h2")).to_have_text("This does not look like any national park I know.")
    expect(page.locator("h1")).to_have_text("Your photos")
    cards.nth(0).locator("summary").click()
    expect(cards.nth(0).locator(".bars")).to_be_visible()


def test_more_photos_than_are_taken_at_once_are_named(page: Page, photos: Photos) -> None:
    page.set_input_files("#photo", [photos("red")] * 17)
    expect(page.locator("#results > .message")).to_contain_text("I look at 16 photos at once.")
    expect(page.locator(".many > .result")).to_have_count(16)


def test_a_computer_takes_a_picture_with_its_camera(page: Page) -> None:
    page.click(".open-camera")
    page.locator("#viewfinder video").evaluate(
        "video => new Promise((seen) => video.videoWidth ? seen() : video.onplaying = seen)"
    )
    page.click("#viewfinder .take")
    expect(page.locator(".result.unsure, .result.match, .result.unknown")).to_be_visible()
    expect(page.locator("#viewfinder")).to_be_hidden()
    assert page.evaluate("document.querySelector('#viewfinder video').srcObject") is None  # And its light is out.


def test_without_a_camera_the_visitor_is_told(new_page: NewPage) -> None:
    page = new_page()
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    page.goto("/")
    page.click(".open-camera")
    expect(page.locator("#viewfinder .message")).to_contain_text("The camera cannot be used.")
    page.click("#viewfinder .close")
    expect(page.locator("#viewfinder")).to_be_hidden()


def test_a_phone_takes_a_picture_with_its_own_camera(new_page: NewPage, photos: Photos) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto("/")
    expect(page.locator("label.camera")).to_be_visible()
    expect(page.locator(".open-camera")).to_be_hidden()
    assert page.get_attribute("#camera", "capture") == "environment"
    page.set_input_files("#camera", photos("red"))
    expect(verdict(page)).to_have_text("This looks like Yosemite.")
