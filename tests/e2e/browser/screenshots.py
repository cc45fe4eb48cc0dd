"""The README's screenshots, of generated scenery and the bundle that is served: `make screenshots`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.conftest import ROOT
from tests.e2e.browser.chromium import chromium
from tests.e2e.browser.drawings import draw_landscape
from tests.e2e.browser.scenery import draw_big_trees, draw_hot_spring
from tests.e2e.server import Server, running
from tests.photos import encode

DOCS = ROOT / "docs"
_QUALITY = 85
_DESKTOP = {"viewport": {"width": 1160, "height": 800}}
_PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


def main() -> None:
    """Takes them all anew."""
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium() as browser, running(Path(name), {}) as server:
        folder = Path(name)
        photos = {"spring": draw_hot_spring(), "trees": draw_big_trees(), "ridges": draw_landscape("green", grain=6)}
        paths = {key: _written(folder / f"{key}.jpg", photo) for key, photo in photos.items()}
        _take(_open(browser, server, **_DESKTOP), "first-page")
        _take(_asked(_open(browser, server, **_DESKTOP), paths["spring"]), "verdict")
        _take(_asked(_open(browser, server, **_DESKTOP), *paths.values()), "several")
        _take(_asked(_open(browser, server, color_scheme="dark", **_PHONE), paths["trees"]), "phone")


def _written(path: Path, photo: Image.Image) -> Path:
    path.write_bytes(encode(photo, quality=90))
    return path


def _open(browser: Browser, server: Server, **options: object) -> Page:
    page = browser.new_page(base_url=f"http://127.0.0.1:{server.port}", reduced_motion="reduce", **options)  # type: ignore[arg-type]
    page.goto("/")
    return page


def _asked(page: Page, *photos: Path) -> Page:
    page.set_input_files("#photo", list(photos))
    for number in range(len(photos)):
        page.locator(".result").nth(number).locator(".verdict :is(h1, h2)").wait_for()
    return page


def _take(page: Page, name: str) -> None:
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=DOCS / f"{name}.jpg", quality=_QUALITY, animations="disabled")
    page.close()


if __name__ == "__main__":
    main()
