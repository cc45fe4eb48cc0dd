"""Who may come in, with which key, and what is said to the others."""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from tests.door.conftest import KEY, MakeClient
from tests.forms import FORM, form_body

GOOD = [{"Authorization": f"Bearer {KEY}"}, {"Authorization": f"bearer {KEY}"}, {"X-API-Key": KEY}]
BAD = [{"Authorization": f"Bearer {KEY}x"}, {"X-API-Key": KEY[:-1]}, {"X-API-Key": "é"}]
NONE: list[dict[str, str]] = [{}, {"X-API-Key": ""}]
NONE += [{"Authorization": value} for value in (KEY, "Digest x=y", "Bearer ")]
API = [("GET", "/api/v1/model"), ("GET", "/api/v1/labels"), ("POST", "/predict"), ("POST", "/api/v1/predict")]
PAGES = ["/", "/docs", "/openapi.json"]
FOR_EVERYBODY = ["/healthz", "/readyz", "/static/style.css"]


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()}


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


@pytest.mark.parametrize("headers", GOOD)
@pytest.mark.parametrize(("method", "path"), API)
def test_a_good_key_opens(
    make_client: MakeClient, keys_file: Path, photo: bytes, method: str, path: str, headers: dict[str, str]
) -> None:
    client = make_client(api_keys_file=keys_file)
    body = photo if method == "POST" else None
    assert client.open(path, method=method, headers=headers, data=body, content_type="image/jpeg").status_code == 200


@pytest.mark.parametrize("headers", NONE)
@pytest.mark.parametrize(("method", "path"), API)
def test_without_a_key_the_api_is_closed(
    make_client: MakeClient, keys_file: Path, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = make_client(api_keys_file=keys_file).open(path, method=method, headers=headers)
    assert code(answer) == (401, "key_missing")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Which Park?"'


@pytest.mark.parametrize("needed_for", ["nothing", "api", "everything"])
@pytest.mark.parametrize("headers", BAD)
def test_a_bad_key_is_refused_wherever_it_is_shown(
    make_client: MakeClient, keys_file: Path, needed_for: str, headers: dict[str, str]
) -> None:
    client = make_client(api_keys_file=keys_file, keys_needed_for=needed_for)
    assert code(client.post("/predict", headers=headers)) == (403, "key_unknown")


@pytest.mark.parametrize("needed_for", ["nothing", "api", "everything"])
@pytest.mark.parametrize("path", FOR_EVERYBODY)
def test_whether_the_server_lives_is_nobodys_secret(
    make_client: MakeClient, keys_file: Path, needed_for: str, path: str
) -> None:
    client = make_client(api_keys_file=keys_file, keys_needed_for=needed_for)
    assert client.get(path, buffered=True).status_code == 200


@pytest.mark.parametrize(("needed_for", "status"), [("nothing", 200), ("api", 200), ("everything", 401)])
@pytest.mark.parametrize("path", PAGES)
def test_the_pages_are_open_or_not(
    make_client: MakeClient, keys_file: Path, path: str, needed_for: str, status: int
) -> None:
    answer = make_client(api_keys_file=keys_file, keys_needed_for=needed_for).get(path)
    assert answer.status_code == status
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(("password", "status"), [(KEY, 200), ("wrong", 401), ("", 401)])
def test_a_browser_shows_its_key_as_a_password(
    make_client: MakeClient, keys_file: Path, photo: bytes, password: str, status: int
) -> None:
    client = make_client(api_keys_file=keys_file, keys_needed_for="everything")
    answer = client.get("/", headers=basic(password))
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="Which Park?"'
    body = form_body(("photo", "a.jpg", photo))
    assert client.post("/", data=body, content_type=FORM, headers=basic(password)).status_code == status


def test_what_a_browser_adds_by_itself_never_opens_the_api(make_client: MakeClient, keys_file: Path) -> None:
    assert code(make_client(api_keys_file=keys_file).post("/predict", headers=basic(KEY))) == (401, "key_missing")


def test_a_form_of_another_site_does_not_pass_with_a_browsers_password(
    make_client: MakeClient, keys_file: Path, photo: bytes
) -> None:
    client = make_client(api_keys_file=keys_file, keys_needed_for="everything")
    headers = basic(KEY) | {"Sec-Fetch-Site": "cross-site"}
    answer = client.post("/", data=form_body(("photo", "a.jpg", photo)), content_type=FORM, headers=headers)
    assert code(answer) == (403, "foreign_origin")


def test_where_there_are_no_keys_none_is_looked_at(make_client: MakeClient, photo: bytes) -> None:
    headers = {"Authorization": "Bearer whatever"}
    answer = make_client().post("/predict", data=photo, content_type="image/jpeg", headers=headers)
    assert answer.status_code == 200


def test_the_log_has_the_name_of_a_key_and_never_the_key(
    make_client: MakeClient, keys_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = make_client(api_keys_file=keys_file)
    client.get("/api/v1/model", headers={"X-API-Key": KEY, "X-Request-ID": "trace-1"})
    client.get("/api/v1/model", headers={"X-API-Key": f"{KEY}-wrong"})
    lines = [record.getMessage() for record in caplog.records if record.name == "app.request"]
    assert lines[0].endswith(" trace-1 key alice")
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("log_addresses", "end"),
    [("none", "trace-1"), ("network", "trace-1 from 192.0.2.0/24"), ("full", "trace-1 from 192.0.2.7")],
)
def test_the_log_has_as_much_of_an_address_as_the_operator_wants(
    make_client: MakeClient, caplog: pytest.LogCaptureFixture, log_addresses: str, end: str
) -> None:
    caplog.set_level(logging.DEBUG)
    client = make_client(log_addresses=log_addresses)
    client.get("/", headers={"X-Request-ID": "trace-1"}, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    [line] = [record.getMessage() for record in caplog.records if record.name == "app.request"]
    assert line.endswith(end)
