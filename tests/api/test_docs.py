"""/docs: the OpenAPI document as a page, for people, without a script or the internet."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.api.schema_table import Row, rows_of
from app.config import Settings
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from tests.web.page_reader import Page


@pytest.fixture
def page(client: FlaskClient) -> Page:
    answer = client.get("/docs")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    return Page(answer)


def test_the_page_tells_every_endpoint_parameter_key_and_code(client: FlaskClient, page: Page) -> None:
    document = client.get("/openapi.json").get_json()
    ids = {attributes.get("id") for _, attributes in page.elements}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert f"{method.upper()} {path}" in page.texts
            assert operation["operationId"] in ids
            told = [row["name"] for row in operation["parameters"]]
            told += operation.get("requestBody", {}).get("content", {})
            told += [code for answer in operation["responses"].values() for code in _codes(answer)]
            assert [name for name in told if name not in page.texts] == []
    assert "results[].predictions[].probability" in page.texts
    assert "results[].error.code" in page.texts


def _codes(answer: dict[str, dict[str, dict[str, dict[str, str]]]]) -> list[str]:
    return list(answer["content"].get("application/problem+json", {}).get("examples", {}))


def test_every_link_within_the_page_leads_somewhere(page: Page) -> None:
    ids = {attributes.get("id") for _, attributes in page.elements}
    targets = {row["href"] for row in page.all("a") if (row["href"] or "").startswith("#")}
    assert len(targets) >= 6
    assert {(target or "")[1:] for target in targets} <= ids


def test_the_page_needs_nothing_that_its_policy_forbids(page: Page) -> None:
    assert page.all("script") == page.all("iframe") == []
    for _, attributes in page.elements:
        assert "style" not in attributes
        for name in ("src", "href"):
            assert (attributes.get(name) or "/").startswith(("/", "#"))


def test_examples_ask_the_server_that_shows_them(client: FlaskClient) -> None:
    text = Page(client.get("/docs", base_url="https://parks.example")).text
    assert "curl -F photo=@half-dome.jpg https://parks.example/api/v1/predict" in text
    assert "127.0.0.1" not in text


def test_a_server_that_fetches_no_addresses_shows_no_example_of_one(settings: Settings, slot: ModelSlot) -> None:
    for url_fetch, shown in (("on", True), ("off", False)):
        client = create_app(dataclasses.replace(settings, url_fetch=url_fetch), slot).test_client()
        assert ("-F url=" in Page(client.get("/docs")).text) is shown


@pytest.mark.parametrize("host", ["x'><script>alert(1)</script>", "a b", "[::1", "x:99999999"])
def test_a_host_that_is_none_is_not_shown(client: FlaskClient, host: str) -> None:
    page = client.get("/docs", headers={"Host": host})
    assert b"<script" not in page.data
    assert "curl -F photo=@half-dome.jpg http://127.0.0.1:8000/api/v1/predict" in Page(page).text


def test_the_limits_are_those_of_this_server(page: Page) -> None:
    assert "at most 3, in one request of at most 2 MB" in page.text


def test_the_pages_lead_to_the_documentation(client: FlaskClient) -> None:
    assert "/docs" in [row["href"] for row in Page(client.get("/")).all("a")]


def test_keys_of_a_schema_are_told_once_inner_ones_beneath_outer_ones() -> None:
    components: dict[str, dict[str, Any]] = {
        "Pet": {
            "type": "object",
            "description": "A pet.",
            "properties": {"name": {"type": "string"}, "kind": {"enum": ["cat", "dog"]}},
            "required": ["name"],
        },
        "Loss": {"type": "object", "properties": {"name": {"type": "string"}}},
    }
    pet, loss = {"$ref": "#/components/schemas/Pet"}, {"$ref": "#/components/schemas/Loss"}
    schema = {
        "properties": {
            "pets": {"type": "array", "items": {"anyOf": [pet, loss]}, "description": "All."},
            "best": {"anyOf": [pet, {"type": "null"}]},
            "first": pet,
            "photo": {"type": "string", "format": "binary"},
            "more": {},
        },
        "required": ["pets"],
    }
    assert rows_of(schema, components) == [
        Row("pets", "list of object", "All.", optional=False),
        Row("pets[].name", "string", "", optional=False),
        Row("pets[].kind", "cat or dog", "", optional=True),
        Row("best", "object or null", "", optional=True),
        Row("best.name", "string", "", optional=False),
        Row("best.kind", "cat or dog", "", optional=True),
        Row("first", "object", "A pet.", optional=True),
        Row("first.name", "string", "", optional=False),
        Row("first.kind", "cat or dog", "", optional=True),
        Row("photo", "file", "", optional=True),
        Row("more", "anything", "", optional=True),
    ]
