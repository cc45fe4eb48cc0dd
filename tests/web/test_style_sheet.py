"""The style sheet: inside the pages, and the only style that they may have."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest
from flask.testing import FlaskClient

from tests.conftest import ROOT


@pytest.mark.parametrize("path", ["/", "/docs", "/model", "/how-it-works", "/nothing"])
def test_a_page_has_its_style_in_it_and_the_policy_allows_no_other(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})
    (style,) = re.findall(r"<style>(.*?)</style>", answer.get_data(as_text=True), re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in answer.headers["Content-Security-Policy"]
    assert style == (ROOT / "static" / "style.css").read_text(encoding="utf-8")


def test_what_the_script_asks_for_comes_without_it(client: FlaskClient) -> None:
    text = client.get("/", headers={"Accept": "text/html", "Sec-Fetch-Dest": "empty"}).get_data(as_text=True)
    assert "<style>" not in text
    assert "</main>" in text


def test_the_style_sheet_cannot_end_its_element() -> None:
    assert "</" not in (ROOT / "static" / "style.css").read_text(encoding="utf-8")
