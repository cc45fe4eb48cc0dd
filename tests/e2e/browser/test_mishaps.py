"""What goes wrong, and what a visitor is told and can do then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.conftest import MAX_UPLOAD_BYTES
from tests.e2e.browser.drawings import draw_landscape
from tests.e2e.browser.hands import verdict
from tests.photos import encode, encode_heic

Photos = Callable[[str], Path]


@pytest.fixture
def message(page: Page):
    return page.locator(".failed .message")


def test_a_heic_photo_goes_as_it_is_and_is_shown_by_the_server(page: Page, tmp_path: Path) -> None:
    photo = tmp_path / "IMG_1.HEIC"
    photo.write_bytes(encode_heic(draw_landscape("red", (400, 300))))
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.set_input_files("#photo", photo)
    expect(verdict(page)).to_have_text("This looks like Yosemite.")
    assert int(sent.value.header_value("content-length") or 0) > photo.stat().st_size
    assert (page.get_attribute(".stack .photo", "src") or "").startswith("data:image/jpeg")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a text", "This is not an image we can read."),
        (encode(draw_landscape("red"))[:6000], "The image is damaged"),
        (b"", "is empty"),
        (b"%PDF-1.7", "This is a PDF document"),
    ],
)
def test_a_broken_file_is_called_what_it_is(page: Page, message, tmp_path: Path, content: bytes, told: str) -> None:
    photo = tmp_path / "half-dome.jpg"
    photo.write_bytes(content)
    page.set_input_files("#photo", photo)
    expect(message).to_contain_text(told)
    expect(page.locator(".failed .source")).to_have_text("half-dome.jpg")
    is_seen = content.startswith(b"\xff\xd8")  # A browser shows what is there of a photo.
    expect(page.locator(".failed .photo")).to_be_visible(visible=is_seen)


def test_a_file_too_large_is_not_even_sent(page: Page, message, tmp_path: Path) -> None:
    photo = tmp_path / "film.heic"
    photo.write_bytes(bytes(MAX_UPLOAD_BYTES))
    page.set_input_files("#photo", photo)
    expect(message).to_contain_text("This photo has more than 1.5 MB")


def test_a_server_that_is_busy_is_asked_again_by_itself(page: Page, photos: Photos) -> None:
    page.set_input_files("#photo", photos("black"))
    expect(page.locator(".waiting .doing")).to_have_text("Many people are asking just now. I try again in a moment …")
    expect(page.locator(".result:not(.waiting) h1")).to_be_visible()


def test_a_server_that_stays_busy_says_so_and_may_be_asked_again(page: Page, message, photos: Photos) -> None:
    page.clock.install()
    page.set_input_files("#photo", photos("white"))
    for _ in range(3):
        expect(page.locator(".waiting .doing")).to_contain_text("Many people are asking")
        page.clock.fast_forward(1000)
    expect(message).to_have_text("Too many photos are being looked at right now. Try again in a moment.")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_too_many_photos_of_late_are_told_as_the_server_says_it(page: Page, message, photos: Photos) -> None:
    told = "At most 120 photos a minute are taken from one client."
    page.route(
        "**/", lambda route: route.fulfill(status=429, content_type="text/html", body=f"<p data-error>{told}</p>")
    )
    page.set_input_files("#photo", photos("red"))
    expect(message).to_have_text(told)


def test_an_answer_of_something_in_between_is_not_taken_for_the_servers(page: Page, message, photos: Photos) -> None:
    page.route("**/", lambda route: route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>"))
    page.set_input_files("#photo", photos("red"))
    expect(message).to_contain_text("The server gave an answer I do not understand.")


def test_without_a_network_the_photo_waits_for_a_new_try(page: Page, message, photos: Photos) -> None:
    page.context.set_offline(True)
    page.set_input_files("#photo", photos("red"))
    expect(message).to_contain_text("There is no connection to the server.")
    expect(page.locator(".failed .photo")).to_be_visible()
    page.context.set_offline(False)
    page.click(".retry")
    expect(verdict(page)).to_have_text("This looks like Yosemite.")


def test_a_connection_that_breaks_off_is_told(page: Page, message, photos: Photos) -> None:
    page.route("**/", lambda route: route.abort())
    page.set_input_files("#photo", photos("red"))
    expect(message).to_have_text("The connection broke off. Try again.")


def test_a_visitor_stops_it_and_takes_it_up_again(page: Page, message, photos: Photos) -> None:
    page.route("**/", lambda route: None)
    page.set_input_files("#photo", photos("red"))
    page.click(".cancel")
    expect(message).to_have_text("You stopped this one.")
    page.unroute("**/")
    page.click(".retry")
    expect(verdict(page)).to_have_text("This looks like Yosemite.")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://page.example/", "the address of a web page, not of a photo"),
        ("http://127.0.0.1/a.jpg", "no public host"),
    ],
)
def test_an_address_without_a_photo_is_explained(page: Page, message, url: str, told: str) -> None:
    page.fill("#url", url)
    page.click("text=Fetch it")
    expect(message).to_contain_text(told)
    expect(page.locator("#url")).to_have_value(url)


def test_the_name_of_a_file_is_text_and_nothing_else(page: Page, tmp_path: Path) -> None:
    photo = tmp_path / "<img src=x onerror=alert(1)>.jpg"
    photo.write_bytes(b"a text")
    page.set_input_files("#photo", photo)
    expect(page.locator(".failed .source")).to_have_text(photo.name)
    expect(page.locator(".failed .source img")).to_have_count(0)
