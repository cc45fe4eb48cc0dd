"""Values out of a provider's JSON: what is not of the expected kind counts as absent, never as an error of ours."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

from training.download.errors import FetchError


def parse_object(body: bytes, url: str) -> dict[str, Any]:
    """The JSON object of an answer.

    Raises:
        FetchError: it is none.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise FetchError("not JSON", url) from exc
    if not isinstance(value, dict):
        raise FetchError("not a JSON object", url)
    return value


def table_of(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def tables_of(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_of(value: Any) -> str:
    """A text or number in one line without control characters; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())


def number_of(value: Any) -> int:
    """A whole number, also one spelt as a text; 0 for anything else."""
    text = text_of(value)
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else 0


def text_of_html(value: Any) -> str:
    """What a reader sees of a piece of HTML, in one line."""
    reader = _Reader()
    reader.feed(text_of(value))
    reader.close()
    return text_of(unescape("".join(reader.pieces)))


class _Reader(HTMLParser):
    """Collects the text; what is between <style> or <script> is for machines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "script")
        self.pieces.append(" " if tag in ("br", "p", "div", "li", "td") else "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)
