"""Debian's Chromium. Playwright's own browsers cannot be downloaded everywhere; `make test` installs this with apt."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

_QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
# A camera that shows a drawn picture, and that nobody has to allow.
_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


def chromium_path() -> str:
    """Where Chromium is. Without one the test is skipped on a developer's machine, and fails where CI is set."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found:
        return found
    why = "NO CHROMIUM: the pages are not tested in a browser. On Debian: apt install chromium"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A headless Chromium that finds no host but 127.0.0.1."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_QUIET, _NO_NETWORK, *_CAMERA, *more])
        try:
            yield browser
        finally:
            browser.close()
