"""What the browser makes of a big photo before it sends it."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.vision.image_io import open_image
from app.vision.preprocess import PreprocessSpec, fit_image
from tests.e2e.browser.drawings import draw_landscape
from tests.e2e.browser.hands import verdict
from tests.photos import draw_quadrants, encode

_ORIENTATION, _MAKE = 0x0112, 0x010F
SPEC = PreprocessSpec(size_px=64, decode_px=576)
_REMEMBER = """() => {
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (form) { window.sent = form.get("photo"); return send.call(this, form); };
}"""
_BYTES_SENT = """async () => {
  let text = "";
  for (const byte of new Uint8Array(await window.sent.arrayBuffer())) text += String.fromCharCode(byte);
  return btoa(text);
}"""


def sent_by(page: Page, photo: Path) -> tuple[bytes, int]:
    """The photo as it was sent, and the bytes of its whole request."""
    page.evaluate(_REMEMBER)
    with page.expect_request(lambda request: request.method == "POST") as request:
        page.set_input_files("#photo", photo)
    expect(page.locator(".result:not(.waiting) h1")).to_be_visible()
    return base64.b64decode(page.evaluate(_BYTES_SENT)), int(request.value.header_value("content-length") or 0)


def seen_by_network(photo: bytes) -> np.ndarray:
    """The pixels that the network gets, 0 to 255."""
    return np.asarray(fit_image(open_image(photo, decode_px=SPEC.decode_px), SPEC), dtype=np.float64)


@pytest.fixture(scope="module")
def phone_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 megapixels and 4 MB, stored on its side, and telling who made it."""
    exif = Image.Exif()
    exif[_ORIENTATION], exif[_MAKE] = 6, "Secret"
    photo = encode(draw_landscape("red", (4032, 3024), grain=18), quality=88, exif=exif)
    assert 3_000_000 < len(photo) < 6_000_000
    path = tmp_path_factory.mktemp("phone") / "IMG_0001.jpg"
    path.write_bytes(photo)
    return path


@pytest.fixture(scope="module")
def detailed_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As large, and so full of detail, as of leaves, that the first JPEG that the browser makes of it is too."""
    leaves = np.random.default_rng(0).integers(-60, 61, (3024 // 6, 4032 // 6, 1), dtype=np.int16)
    landscape = np.asarray(draw_landscape("red", (4032, 3024)), dtype=np.int16)
    image = Image.fromarray((landscape + leaves.repeat(6, axis=0).repeat(6, axis=1)).clip(0, 255).astype(np.uint8))
    path = tmp_path_factory.mktemp("phone") / "IMG_0002.jpg"
    path.write_bytes(encode(image, quality=88))
    as_at_first = encode(image.resize((853, 640), Image.Resampling.LANCZOS), quality=85)
    assert 170_000 < len(as_at_first) < 300_000
    return path


def test_a_photo_full_of_detail_costs_no_more_and_the_network_sees_the_same_of_it(
    page: Page, detailed_photo: Path
) -> None:
    sent, request_bytes = sent_by(page, detailed_photo)
    assert request_bytes < 155_000
    assert Image.open(io.BytesIO(sent)).size == (853, 640)
    gap = np.abs(seen_by_network(sent) - seen_by_network(detailed_photo.read_bytes()))
    assert gap.mean() < 3
    expect(verdict(page)).to_have_text("This looks like Yosemite.")


def test_a_phones_photo_is_sent_small_upright_and_without_its_metadata(page: Page, phone_photo: Path) -> None:
    sent, request_bytes = sent_by(page, phone_photo)
    assert request_bytes < 155_000
    image = Image.open(io.BytesIO(sent))
    assert (image.format, image.size) == ("JPEG", (640, 853))
    assert image.getexif().get(_ORIENTATION, 1) == 1
    assert b"Secret" not in sent
    expect(verdict(page)).to_have_text("This looks like Yosemite.")


def test_the_network_sees_the_same_of_it(page: Page, phone_photo: Path) -> None:
    sent, _ = sent_by(page, phone_photo)
    gap = np.abs(seen_by_network(sent) - seen_by_network(phone_photo.read_bytes()))
    assert gap.mean() < 1.5
    assert np.percentile(gap, 99) < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_upright(page: Page, tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    photo = tmp_path / "photo.jpg"
    noise = np.random.default_rng(0).integers(0, 40, (900, 1200, 3), dtype=np.uint8)
    image = Image.fromarray(np.asarray(draw_quadrants((1200, 900))) // 2 + noise)
    photo.write_bytes(encode(image, quality=95, exif=exif))
    sent, _ = sent_by(page, photo)
    assert len(sent) < photo.stat().st_size / 2
    assert np.abs(seen_by_network(sent) - seen_by_network(photo.read_bytes())).mean() < 3


def test_what_is_clear_comes_white_as_the_server_has_it(page: Page, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (900, 900, 4), dtype=np.uint8)
    noise[:, :450, 3] = 0
    photo = tmp_path / "clear.png"
    photo.write_bytes(encode(Image.fromarray(noise), "PNG"))
    sent, _ = sent_by(page, photo)
    assert np.asarray(open_image(sent))[100:800, 50:300].min() > 250
    assert np.abs(seen_by_network(sent) - seen_by_network(photo.read_bytes())).mean() < 3


def test_a_small_photo_goes_as_it_is(page: Page, tmp_path: Path) -> None:
    photo = tmp_path / "small.jpg"
    photo.write_bytes(encode(draw_landscape("red")))
    assert sent_by(page, photo)[0] == photo.read_bytes()


def test_progress_is_shown_while_it_is_sent(page: Page, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (300, 600, 3), dtype=np.uint8)
    photo = tmp_path / "noise.jpg"
    photo.write_bytes(encode(Image.fromarray(noise), quality=90))
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
    session.send("Network.emulateNetworkConditions", slow)
    page.evaluate("""() => {
      window.seen = [];
      new MutationObserver((changes) => changes.forEach(({ target }) => seen.push(target.value)))
        .observe(document.body, { subtree: true, attributeFilter: ["value"] });
    }""")
    page.set_input_files("#photo", photo)
    expect(page.locator(".result:not(.waiting) h1")).to_be_visible()
    assert [value for value in page.evaluate("seen") if 0 < value < 1]
