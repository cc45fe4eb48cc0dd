"""What other sites' pages may do: nothing, or what the operator allows them."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.door.conftest import MakeClient

FRIEND, STRANGER = "https://app.example.org", "https://other.example"
ALLOWED = {"cors_origins": (FRIEND, "http://localhost:3000")}


def preflight(client: FlaskClient, origin: str, path: str = "/api/v1/predict") -> TestResponse:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-api-key",
    }
    return client.options(path, headers=headers)


def cors_headers(answer: TestResponse) -> list[str]:
    return [name for name in dict(answer.headers) if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("origin", [FRIEND, "null", ""])
def test_by_default_nobody_elsewhere_may_read(client: FlaskClient, origin: str) -> None:
    for answer in (preflight(client, origin), client.get("/api/v1/model", headers={"Origin": origin})):
        assert cors_headers(answer) == []
        assert "Origin" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("path", ["/api/v1/predict", "/predict"])
@pytest.mark.parametrize("origin", ALLOWED["cors_origins"])
def test_an_allowed_origin_may_ask_with_json_and_a_key(make_client: MakeClient, origin: str, path: str) -> None:
    answer = preflight(make_client(**ALLOWED), origin, path)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"content-type", "x-api-key", "authorization"} <= set(allowed)
    assert answer.vary.as_set() >= {"origin"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/model", 200),
        ("GET", "/openapi.json", 200),
        ("POST", "/predict", 400),
        ("GET", "/api/v1/nothing", 404),
    ],
)
def test_an_allowed_origin_may_read_answers_and_errors(
    make_client: MakeClient, method: str, path: str, status: int
) -> None:
    answer = make_client(**ALLOWED).open(path, method=method, headers={"Origin": FRIEND, "Content-Type": "image/png"})
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]
    assert "origin" in answer.vary.as_set()


@pytest.mark.parametrize(
    "origin", [STRANGER, "null", "", FRIEND + ".evil.example", FRIEND.upper(), "http://app.example.org"]
)
def test_another_origin_may_not(make_client: MakeClient, origin: str) -> None:
    client = make_client(**ALLOWED)
    for answer in (preflight(client, origin), client.get("/api/v1/model", headers={"Origin": origin})):
        assert cors_headers(answer) == []
        assert "origin" in answer.vary.as_set()  # A cache must not give it a friend's answer.


@pytest.mark.parametrize("path", ["/", "/model/report", "/healthz", "/static/style.css"])
def test_pages_are_never_for_other_sites(make_client: MakeClient, path: str) -> None:
    for origins in (ALLOWED, {"cors_origins": ("*",)}):
        assert cors_headers(make_client(**origins).get(path, headers={"Origin": FRIEND}, buffered=True)) == []


def test_any_origin_is_any(make_client: MakeClient) -> None:
    client = make_client(cors_origins=("*",))
    assert preflight(client, STRANGER).headers["Access-Control-Allow-Origin"] == "*"
    answer = client.get("/api/v1/model", headers={"Origin": STRANGER})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("origins", [(FRIEND,), ("*",)])
def test_credentials_are_never_sent(make_client: MakeClient, origins: tuple[str, ...]) -> None:
    client = make_client(cors_origins=origins)
    for answer in (preflight(client, FRIEND), client.get("/api/v1/model", headers={"Origin": FRIEND})):
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_preflight_needs_no_key(make_client: MakeClient, keys_file: object) -> None:
    client = make_client(**ALLOWED, api_keys_file=keys_file)
    assert preflight(client, FRIEND).status_code == 204
    refused = client.post("/predict", headers={"Origin": FRIEND})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, FRIEND)


def test_options_without_a_preflight_are_what_they_were(make_client: MakeClient) -> None:
    answer = make_client(**ALLOWED).options("/predict", headers={"Origin": FRIEND})
    assert answer.status_code == 200
    assert "POST" in answer.headers["Allow"]
