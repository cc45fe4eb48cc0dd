"""What the worker tells the application."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.errors import BusyError, RequestTimeoutError
from app.ops.serving.environ import IS_GONE, REFUSAL
from tests.fakes import FakeRuntime
from tests.forms import FORM, form_body


@pytest.mark.parametrize("path", ["/predict", "/", "/unreadable", "/healthz"])
def test_a_refused_request_is_answered_with_its_refusal_and_nothing_else(
    client: FlaskClient, photo: bytes, runtime: FakeRuntime, path: str
) -> None:
    n_before = len(runtime.batches)
    answer = client.post(path, data=photo, environ_overrides={REFUSAL: RequestTimeoutError("Too slow.")})
    assert (answer.status_code, answer.mimetype) == (408, "application/problem+json")
    assert answer.get_json()["code"] == "request_timeout"
    assert answer.headers["X-Request-ID"] == answer.get_json()["request_id"]
    assert len(runtime.batches) == n_before


def test_a_refusal_for_being_busy_says_when_to_come_again(client: FlaskClient) -> None:
    answer = client.post("/predict", environ_overrides={REFUSAL: BusyError("Busy.")})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize(("path", "content_type"), [("/predict", "image/jpeg"), ("/", FORM)])
@pytest.mark.parametrize("n_looks", [0, 1])
def test_a_client_that_has_gone_costs_no_prediction(
    client: FlaskClient, photo: bytes, runtime: FakeRuntime, path: str, content_type: str, n_looks: int
) -> None:
    looks = iter([False] * n_looks + [True] * 9)
    n_before = len(runtime.batches)
    body = photo if path == "/predict" else form_body(("photo", "a.jpg", photo))
    environ = {IS_GONE: lambda: next(looks)}
    answer = client.post(path, data=body, content_type=content_type, environ_overrides=environ)
    assert answer.status_code == 400
    assert len(runtime.batches) == n_before


def test_a_client_that_waits_gets_its_verdict(client: FlaskClient, photo: bytes) -> None:
    answer = client.post(
        "/predict", data=photo, content_type="image/jpeg", environ_overrides={IS_GONE: lambda: False, REFUSAL: None}
    )
    assert answer.status_code == 200
