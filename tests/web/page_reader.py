"""A page as a test looks at it: its elements, its text, its pictures."""

from __future__ import annotations

import base64
import io
from html.parser import HTMLParser

from PIL import Image
from werkzeug.test import TestResponse

_EMPTY_ELEMENTS = ("meta", "link", "img", "input", "br")

Attributes = dict[str, str | None]


class Page(HTMLParser):
    """`elements` are (tag, attributes) in the page's order; `texts` are the pieces of text between them.

    What is in a <template> is not in the page, but for the script to copy.
    """

    def __init__(self, answer: TestResponse) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(answer.get_data(as_text=True))
        self.close()
        assert self._open == [], "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "template" not in self._open:
            self.elements.append((tag, dict(attrs)))
        if tag not in _EMPTY_ELEMENTS:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and "template" not in self._open:
            self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def all(self, tag: str) -> list[Attributes]:
        return [attributes for name, attributes in self.elements if name == tag]

    def image(self, alt: str) -> Image.Image:
        """The picture whose alternative text begins so, out of its data URI."""
        [uri] = [row["src"] or "" for row in self.all("img") if (row["alt"] or "").startswith(alt)]
        return Image.open(io.BytesIO(base64.b64decode(uri.partition(";base64,")[2], validate=True)))
