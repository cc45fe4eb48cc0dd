"""What a visitor's hands do, where Playwright has no word of its own for it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import JSHandle, Locator, Page

_MAKE_TRANSFER = """(files) => {
  const transfer = new DataTransfer();
  for (const [name, type, base64] of files) {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  return transfer;
}"""
_PASTE = """(transfer) => document.body.dispatchEvent(
  new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }))"""


def verdict(page: Page) -> Locator:
    """The headline of the only result."""
    return page.locator(".result .verdict h1")


def opened_by(page: Page, act: Callable[[], None]) -> Page:
    """The tab that opens when this is done."""
    with page.context.expect_page() as opened:
        act()
    return opened.value


def transfer_of(page: Page, *paths: Path) -> JSHandle:
    """Files as they are when they are dragged or copied."""
    files = [[path.name, "image/jpeg", base64.b64encode(path.read_bytes()).decode()] for path in paths]
    return page.evaluate_handle(_MAKE_TRANSFER, files)


def drop(page: Page, transfer: JSHandle) -> None:
    """Lets go over the page what is dragged."""
    page.dispatch_event("#ask", "dragover", {"dataTransfer": transfer})
    page.dispatch_event("#ask", "drop", {"dataTransfer": transfer})


def paste(page: Page, transfer: JSHandle) -> None:
    """Ctrl+V, nowhere in particular."""
    page.evaluate(_PASTE, transfer)


def text_of(page: Page, text: str) -> JSHandle:
    """A text as it is when it is dragged or copied."""
    return page.evaluate_handle(
        """(text) => { const transfer = new DataTransfer();
          transfer.setData("text/plain", text); transfer.setData("text/uri-list", text); return transfer; }""",
        text,
    )
