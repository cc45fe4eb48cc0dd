"""Every error has one shape: problem+json for clients, a page for people, and nothing of our insides in either."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.config import Settings
from app.errors import BundleDamagedError, BusyError, SettingsError
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.inference.runtime import Array, NetworkOutput
from app.vision.bundle import ModelBundle
from app.vision.card import Card
from app.vision.limits import ImageLimits
from tests.fakes import FakeRuntime
from tests.photos import draw_scene, encode

KEYS = ["type", "title", "status", "detail", "code", "request_id"]
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}
SECRET = "/srv/secret/learner.pkl"


class FailingRuntime(FakeRuntime):
    """Passes the warm-up, then raises what it is given."""

    def __init__(self, error: Exception) -> None:
        super().__init__([0.0, 1.0, 4.0])
        self.error = error

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        if self.batches:
            raise self.error
        return super().run(batch, with_layers=with_layers)


@pytest.fixture
def failing(card: Card, settings: Settings, tmp_path: Path) -> Callable[[Exception], FlaskClient]:
    """A client of an app whose network fails in a chosen way."""

    def _failing(error: Exception) -> FlaskClient:
        bundle, limits = ModelBundle(tmp_path, card), ImageLimits()
        slot = ModelSlot(lambda: Predictor(bundle, NetworkQueue(FailingRuntime(error), 0, 1.0), limits, 1.0))
        return create_app(settings, slot).test_client()

    return _failing


def _assert_problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.get_json()
    assert answer.status_code == body["status"] == status
    assert answer.mimetype == "application/problem+json"
    assert list(body) == KEYS
    assert body["code"] == code
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert body["title"]
    assert body["detail"]
    return body


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("POST", "/predict", {"data": b"", "content_type": "image/png"}, 400, "empty_photo"),
        ("POST", "/predict?top_k=x", {"data": b"1", "content_type": "image/png"}, 400, "malformed_request"),
        ("GET", "/api/v1/nothing", {}, 404, "not_found"),
        ("GET", "/nothing", {}, 404, "not_found"),
        ("GET", "/static/nothing.css", {}, 404, "not_found"),
        ("GET", "/static/../app/config.py", {}, 404, "not_found"),
        ("GET", "/api/v1/predict", {}, 405, "method_not_allowed"),
        ("DELETE", "/", {}, 405, "method_not_allowed"),
        ("POST", "/predict", {"data": bytes(2_000_001), "content_type": "image/png"}, 413, "request_too_large"),
        ("POST", "/predict", {"data": b"1", "content_type": "text/plain"}, 415, "unsupported_content_type"),
        ("POST", "/predict", {"data": b"text", "content_type": "image/png"}, 415, "unsupported_image"),
        ("POST", "/predict", {"data": b"GIF89a", "content_type": "image/gif"}, 422, "damaged_image"),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}, {"Accept": "*/*"}, {"Accept": "image/png"}])
def test_a_client_gets_a_problem(
    client: FlaskClient,
    method: str,
    path: str,
    options: dict[str, Any],
    status: int,
    code: str,
    headers: dict[str, str],
) -> None:
    _assert_problem(client.open(path, method=method, headers=headers, **options), status, code)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "FETCH"])
def test_a_wrong_method_is_told_the_right_ones(client: FlaskClient, method: str) -> None:
    answer = client.open("/api/v1/predict", method=method)
    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"POST", "OPTIONS"})


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/predict", {"POST", "OPTIONS"}),
        ("/predict", {"POST", "OPTIONS"}),
        ("/api/v1/labels", {"GET", "HEAD", "OPTIONS"}),
        ("/healthz", {"GET", "HEAD", "OPTIONS"}),
        ("/", {"GET", "HEAD", "POST", "OPTIONS"}),
    ],
)
def test_options_tells_the_methods_of_a_path(client: FlaskClient, path: str, methods: set[str]) -> None:
    answer = client.options(path)
    assert (answer.status_code, answer.data) == (200, b"")
    assert set(answer.headers["Allow"].split(", ")) == methods


@pytest.mark.parametrize("path", ["/", "/api/v1/model", "/api/v1/labels", "/healthz", "/readyz", "/api/v1/nothing"])
def test_head_is_get_without_the_body(client: FlaskClient, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.data) == (get.status_code, b"")
    for name in ("Content-Type", "Content-Length"):
        assert head.headers[name] == get.headers[name]


def test_who_asks_for_nothing_is_told_where_to_look(client: FlaskClient) -> None:
    assert "/docs" in _assert_problem(client.get("/api/v2/predict"), 404, "not_found")["detail"]
    assert "Allow" in _assert_problem(client.get("/api/v1/predict"), 405, "method_not_allowed")["detail"]


def test_what_flask_calls_a_bad_request_is_a_malformed_one(client: FlaskClient, app: Flask) -> None:
    app.add_url_rule("/api/v1/refuse", view_func=lambda: abort(400))
    _assert_problem(client.get("/api/v1/refuse"), 400, "malformed_request")


def test_busy_says_when_to_come_again(failing: Callable[[Exception], FlaskClient], photo: bytes) -> None:
    client = failing(BusyError("Too many photos are being looked at right now."))
    answer = client.post("/predict", data=photo, content_type="image/jpeg")
    _assert_problem(answer, 503, "busy")
    assert answer.headers["Retry-After"] == "1"


def test_without_a_model_clients_are_told_to_come_later(tmp_path: Path, photo: bytes) -> None:
    client = create_app(Settings(models_dir=tmp_path)).test_client()
    answer = client.post("/predict", data=photo, content_type="image/jpeg")
    body = _assert_problem(answer, 503, "model_unavailable")
    assert answer.headers["Retry-After"] == "30"
    assert str(tmp_path) not in body["detail"]


@pytest.mark.parametrize(
    "error", [RuntimeError(SECRET), BundleDamagedError(SECRET), SettingsError(SECRET), OSError(SECRET)]
)
@pytest.mark.parametrize("path", ["/predict", "/"])
@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_what_was_not_expected_is_logged_and_not_told(
    failing: Callable[[Exception], FlaskClient],
    photo: bytes,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    path: str,
    headers: dict[str, str],
) -> None:
    answer = failing(error).post(path, data=photo, content_type="image/jpeg", headers=headers)
    assert answer.status_code == 500
    assert SECRET not in answer.get_data(as_text=True)
    assert "Traceback" not in answer.get_data(as_text=True)
    assert SECRET in caplog.text
    assert answer.headers["X-Request-ID"] in caplog.text


def test_an_internal_error_has_the_shape_of_every_other(
    failing: Callable[[Exception], FlaskClient], photo: bytes
) -> None:
    client = failing(ZeroDivisionError("division by zero"))
    _assert_problem(client.post("/predict", data=photo, content_type="image/jpeg"), 500, "internal_error")


def test_a_failure_among_several_photos_is_no_photos_fault(
    failing: Callable[[Exception], FlaskClient],
) -> None:
    photos = {"photo": [(_file(), "a.jpg"), (_file(), "b.jpg")]}
    _assert_problem(failing(RuntimeError(SECRET)).post("/predict", data=photos), 500, "internal_error")


def _file() -> Any:
    return io.BytesIO(encode(draw_scene()))


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "title"),
    [
        ("GET", "/nothing", {}, 404, "Not Found"),
        ("DELETE", "/", {}, 405, "Method Not Allowed"),
        ("POST", "/", {"data": bytes(2_000_001), "content_type": "image/png"}, 413, "Request too large"),
    ],
)
def test_a_browser_gets_a_page(
    client: FlaskClient, method: str, path: str, options: dict[str, Any], status: int, title: str
) -> None:
    answer = client.open(path, method=method, headers=BROWSER, **options)
    page = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert f"<h1>{title}</h1>" in page
    assert answer.headers["X-Request-ID"] in page


def test_a_browser_is_told_that_there_is_no_model(tmp_path: Path) -> None:
    answer = create_app(Settings(models_dir=tmp_path)).test_client().get("/", headers=BROWSER)
    assert (answer.status_code, answer.mimetype, answer.headers["Retry-After"]) == (503, "text/html", "30")


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/predict"])
def test_the_api_answers_a_browser_in_json_too(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.mimetype == "application/problem+json"


def test_a_path_is_never_shown_as_markup(client: FlaskClient) -> None:
    page = client.get("/<script>alert(1)</script>", headers=BROWSER).get_data(as_text=True)
    assert "<script" not in page
