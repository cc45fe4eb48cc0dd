"""Every request has an id, and one line in the log."""

from __future__ import annotations

import logging

import pytest
from flask.testing import FlaskClient


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, client: FlaskClient) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="app.request")
    return caplog


@pytest.mark.parametrize("given", ["a", "trace-1.2_3", "0", "x" * 64])
def test_a_clients_own_id_is_kept(client: FlaskClient, given: str) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", "a/b", "é", "<script>", '{"a": 1}', "a\tb", "a;b"])
def test_an_id_that_is_not_well_formed_is_replaced(client: FlaskClient, given: str | None) -> None:
    headers = {} if given is None else {"X-Request-ID": given}
    request_id = client.get("/healthz", headers=headers).headers["X-Request-ID"]
    assert len(request_id) == 32
    assert int(request_id, 16) >= 0


def test_two_requests_have_two_ids(client: FlaskClient) -> None:
    assert client.get("/healthz").headers["X-Request-ID"] != client.get("/healthz").headers["X-Request-ID"]


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/nothing", 404), ("/predict", 405)])
def test_a_request_has_one_line_with_its_id(
    client: FlaskClient, log: pytest.LogCaptureFixture, path: str, status: int
) -> None:
    client.get(path, headers={"X-Request-ID": "trace-1"})
    [line] = [record.getMessage() for record in log.records if record.name == "app.request"]
    assert line.startswith(f"GET {path} {status} ")
    assert line.endswith(" ms trace-1")


def test_what_may_be_private_is_not_logged(client: FlaskClient, log: pytest.LogCaptureFixture) -> None:
    client.post("/predict?top_k=private", data=b"private", headers={"Authorization": "private"})
    assert "/predict" in log.text
    assert "private" not in log.text


@pytest.mark.parametrize("path", ["/a%0aINFO forged", "/a%0d%0aforged", "/a%1b[2J", "/a%e2%80%a8forged", "/a%00b"])
def test_a_path_cannot_forge_a_line(client: FlaskClient, log: pytest.LogCaptureFixture, path: str) -> None:
    client.get(path)
    [line] = [record.getMessage() for record in log.records if record.name == "app.request"]
    assert line.isprintable()
