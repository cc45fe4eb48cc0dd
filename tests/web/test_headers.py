"""Headers that keep a page from doing what it was not made to do, and others from keeping it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.forms import FORM, form_body


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/", None),
        ("POST", "/", None),
        ("GET", "/nothing", None),
        ("GET", "/static/style.css", None),
        ("GET", "/api/v1/model", None),
        ("POST", "/predict", b""),
        ("GET", "/healthz", None),
        ("OPTIONS", "/predict", None),
    ],
)
def test_every_answer_has_the_security_headers(client: FlaskClient, method: str, path: str, body: bytes | None) -> None:
    headers = client.open(path, method=method, data=body, buffered=True).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Permissions-Policy"] == "camera=(self), geolocation=(), microphone=()"
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize("path", ["/", "/predict", "/api/v1/model", "/healthz", "/nothing", "/openapi.json", "/docs"])
def test_no_answer_is_kept_by_anybody(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "no-store"


def test_a_verdict_is_not_kept_by_anybody(client: FlaskClient, photo: bytes) -> None:
    page = client.post("/", data=form_body(("photo", "a.jpg", photo)), content_type=FORM)
    answer = client.post("/predict", data=photo, content_type="image/jpeg")
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_static_files_are_kept_as_long_as_they_do_not_change(client: FlaskClient) -> None:
    answer = client.get("/static/style.css", buffered=True)
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get("/static/style.css", headers={"If-None-Match": answer.headers["ETag"]}, buffered=True)
    assert again.status_code == 304


def test_there_are_no_sessions_and_so_no_cookies(app: Flask) -> None:
    assert app.secret_key is None
