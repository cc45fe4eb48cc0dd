"""Texts are compressed for browsers that take it, and nothing else is."""

from __future__ import annotations

import gzip

import pytest
from flask.testing import FlaskClient

from tests.forms import FORM, form_body

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.mark.parametrize("path", ["/", "/static/style.css", "/static/app.js", "/docs", "/openapi.json"])
def test_a_text_comes_compressed_and_is_the_same(client: FlaskClient, path: str) -> None:
    plain = client.get(path, buffered=True)
    packed = client.get(path, headers=GZIP, buffered=True)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.data) < 0.5 * len(plain.data)
    assert gzip.decompress(packed.data) == plain.data
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"] and "Accept-Encoding" in packed.headers["Vary"]


def test_a_compressed_file_is_not_sent_again_while_it_does_not_change(client: FlaskClient) -> None:
    packed = client.get("/static/style.css", headers=GZIP, buffered=True)
    assert packed.headers["ETag"].startswith("W/")
    again = client.get("/static/style.css", headers=GZIP | {"If-None-Match": packed.headers["ETag"]}, buffered=True)
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0"])
def test_who_does_not_take_it_gets_it_plain(client: FlaskClient, accepted: str) -> None:
    assert "Content-Encoding" not in client.get("/", headers={"Accept-Encoding": accepted}).headers


def test_small_answers_errors_and_answers_to_photos_stay_plain(client: FlaskClient, photo: bytes) -> None:
    for answer in (
        client.get("/healthz", headers=GZIP),
        client.get("/nothing", headers=GZIP | {"Accept": "text/html"}),
        client.post("/", data=form_body(("photo", "a.jpg", photo)), content_type=FORM, headers=GZIP),
        client.post("/predict", data=photo, content_type="image/jpeg", headers=GZIP),
    ):
        assert "Content-Encoding" not in answer.headers
        assert len(answer.data) == int(answer.headers["Content-Length"])


def test_a_head_has_no_body_and_says_the_length_of_the_plain_text(client: FlaskClient) -> None:
    answer = client.head("/", headers=GZIP)
    assert answer.data == b""
    assert "Content-Encoding" not in answer.headers
