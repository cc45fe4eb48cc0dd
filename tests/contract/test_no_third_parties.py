"""A browser that shows our pages asks nobody else: no font, no script, no map, no picture."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.vision.bundle import REPORT
from tests.conftest import ROOT

# A link that a person may follow is none that a browser follows by itself.
_LOADING = {"src", "srcset", "href", "xlink:href", "action", "formaction", "poster", "data", "background", "ping"}
_LINKS_FOR_PEOPLE = {"a", "area"}
_ELSEWHERE = re.compile(r"^\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_IN_STYLE = re.compile(r"url\(\s*[\"']?([^)\"']*)|@import\s+[\"']([^\"']*)", re.IGNORECASE)

PAGES = [*sorted((ROOT / "templates").rglob("*.html")), *sorted((ROOT / "static").rglob("*.svg"))]
PAGES += sorted((ROOT / "models").glob(f"*/{REPORT}"))
STYLES = sorted((ROOT / "static").rglob("*.css"))
SCRIPTS = sorted((ROOT / "static").rglob("*.js"))


class Loads(HTMLParser):
    """`found` are the addresses that a browser loads, or sends to, by itself or when a form is sent."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in _LOADING and not (tag in _LINKS_FOR_PEOPLE and name == "href"):
                self.found += [part.split()[0] for part in (value or "").split(",") if part.strip()]
            if name == "style":
                self.found += addresses_in_style(value or "")

    def handle_data(self, data: str) -> None:
        self.found += addresses_in_style(data)


def addresses_in_style(text: str) -> list[str]:
    return [first or second for first, second in _IN_STYLE.findall(text)]


def elsewhere(addresses: list[str]) -> list[str]:
    return [address for address in addresses if _ELSEWHERE.match(address)]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_loads_nothing_from_elsewhere(page: Path) -> None:
    assert elsewhere(Loads(page.read_text(encoding="utf-8")).found) == []


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.name)
def test_a_style_loads_nothing_from_elsewhere(style: Path) -> None:
    assert elsewhere(addresses_in_style(style.read_text(encoding="utf-8"))) == []


def test_no_script_names_an_address_elsewhere() -> None:
    named = {
        path.name: re.findall(r"[\"'`]((?:https?:)?//[^\"'`]*)", path.read_text(encoding="utf-8")) for path in SCRIPTS
    }
    assert {name: found for name, found in named.items() if found} == {}


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/a.js"></script>',
        '<link rel="preconnect" href="//fonts.example">',
        '<img srcset="/a.png 1x, https://other.example/b.png 2x">',
        '<form action="https://other.example/">',
        '<p style="background: url(https://other.example/a.png)">',
        "<style>@import 'https://other.example/a.css';</style>",
        '<svg><image xlink:href="https://other.example/a.png"/></svg>',
    ],
)
def test_the_test_sees_what_it_is_for(html: str) -> None:
    assert len(elsewhere(Loads(html).found)) == 1


def test_a_link_for_people_is_none() -> None:
    assert elsewhere(Loads('<a href="https://www.nps.gov/yose">Yosemite</a>').found) == []
