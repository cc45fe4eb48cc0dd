"""The OpenAPI document and the answers never drift: neither has a path, a code or a key that the other lacks."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from werkzeug.test import TestResponse

from app.api import examples
from app.api.operations import kinds_of
from app.config import Settings
from app.errors import BundleDamagedError, FeedbackError, PhotoError, RequestError, UnavailableError
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.inference.predictor import Predictor
from tests.forms import FORM, form_body
from tests.inference.test_model_slot import Shelf

# What is for browsers, and not described.
PAGES = {"pages", "feedback_pages", "look_inside", "model_page", "review", "docs", "static"}
ALIASES = {"/predict": "/api/v1/predict"}
DOCUMENT = (
    create_app(Settings(models_dir=Path("nowhere"), feedback="sqlite:///nowhere/at/all"))
    .test_client()
    .get("/openapi.json")
    .get_json()
)
COMPONENTS = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    (method, path): operation for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
}


def test_the_document_is_valid_openapi() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    validate(DOCUMENT, cls=OpenAPIV31SpecValidator)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Those of a server that takes feedback."""
    return dataclasses.replace(settings, feedback=f"sqlite:///{tmp_path / 'feedback.db'}")


def test_every_endpoint_is_described_and_nothing_else(app: Flask) -> None:
    served = {
        (method.lower(), ALIASES.get(rule.rule, rule.rule.replace("<", "{").replace(">", "}")))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.split(".")[0] not in PAGES
    }
    assert set(OPERATIONS) == served


def test_every_operation_has_its_own_name() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)


def test_every_code_a_client_may_meet_is_described_with_its_status() -> None:
    problems = {code: status for operation in OPERATIONS.values() for status, code, _ in _problems(operation)}
    assert problems == {
        kind.code: str(kind.status) for kind in kinds_of(RequestError, PhotoError, FeedbackError, UnavailableError)
    }


def test_keys_are_described_where_they_are_needed(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    settings = Settings(models_dir=tmp_path, api_keys_file=tmp_path / "keys")
    document = create_app(settings).test_client().get("/openapi.json").get_json()
    validate(document, cls=OpenAPIV31SpecValidator)
    secured = {
        path for path, item in document["paths"].items() for operation in item.values() if "security" in operation
    }
    assert secured == {path for path in document["paths"] if path.startswith("/api/")}
    assert len(document["components"]["securitySchemes"]) == 2
    assert "security" not in str(DOCUMENT)


def test_a_server_that_fetches_no_addresses_describes_none() -> None:
    client = create_app(Settings(models_dir=Path("nowhere"), url_fetch="off")).test_client()
    content = client.get("/openapi.json").get_json()["paths"]["/api/v1/predict"]["post"]["requestBody"]["content"]
    assert list(content["multipart/form-data"]["schema"]["properties"]) == ["photo"]
    assert content["multipart/form-data"]["schema"]["required"] == ["photo"]
    [entry] = content["application/json"]["schema"]["properties"]["photos"]["items"]["anyOf"]
    assert list(entry["properties"]) == ["base64"]


def test_every_example_is_what_its_schema_says() -> None:
    for operation in OPERATIONS.values():
        answer = operation["responses"]["200"]["content"]["application/json"]
        _closed(answer["schema"]).validate(answer["example"])
        for status, code, example in _problems(operation):
            _closed({"$ref": "#/components/schemas/Problem"}).validate(example)
            assert (example["status"], example["code"]) == (int(status), code)
        for body in operation.get("requestBody", {}).get("content", {}).values():
            if "example" in body:
                _validator(body["schema"]).validate(body["example"])


def test_a_schema_forgets_no_key_and_forbids_the_others() -> None:
    """The checks below would see a drift."""
    labels, schema = (
        {"labels": [{"label": "a", "name": "A", "is_other": False}]},
        {"$ref": "#/components/schemas/Labels"},
    )
    assert _closed(schema).is_valid(labels)
    assert not _closed(schema).is_valid(labels | {"more": 1})
    assert not _closed(schema).is_valid({})
    assert list(_keys(schema, labels)) == [
        ("Labels", "labels"),
        ("Label", "label"),
        ("Label", "name"),
        ("Label", "is_other"),
    ]


@pytest.fixture
def client_of_a_refused_bundle(settings: Settings, predictor: Predictor) -> FlaskClient:
    """Of a server that goes on with the bundle it had, since the new one is broken."""
    shelf = Shelf(predictor)
    slot = ModelSlot(shelf.load, shelf.state)
    shelf.lies = BundleDamagedError("broken")
    slot.refresh()
    return create_app(settings, slot).test_client()


@pytest.fixture
def answers(
    client: FlaskClient, client_of_a_refused_bundle: FlaskClient, photo: bytes, tmp_path: Path
) -> list[tuple[str, str, TestResponse]]:
    """Real answers, of every endpoint and every shape: (method, path, answer)."""
    no_model = create_app(Settings(models_dir=tmp_path, feedback="sqlite:///nowhere/at/all")).test_client()
    in_json = {"photos": [{"base64": base64.b64encode(photo).decode()}, {"base64": "!"}]}
    form = form_body(("photo", "a.jpg", photo), ("photo", "b.jpg", b"text"))
    url = "/api/v1/predict"
    feedback = "/api/v1/feedback"
    kept = client.post(feedback, json=examples.FEEDBACK | {"photo": base64.b64encode(photo).decode()})
    by_receipt = "/api/v1/feedback/{receipt}"
    return [
        ("post", feedback, kept),
        ("post", feedback, client.post(feedback, json=examples.FEEDBACK | {"labels": ["atlantis"]})),
        ("post", feedback, no_model.post(feedback, json=examples.FEEDBACK)),
        ("delete", by_receipt, client.delete(f"{feedback}/{kept.get_json()['receipt']}")),
        ("delete", by_receipt, client.delete(f"{feedback}/none")),
        ("post", url, client.post(url + "?explain=true", data=photo, content_type="image/jpeg")),
        ("post", url, client.post(url, data=form, content_type=FORM)),
        ("post", url, client.post(url, json=in_json)),
        ("post", url, client.post(url, data=b"text", content_type="image/jpeg")),
        ("post", url, client.post(url, data=b"", content_type="text/plain")),
        ("post", url, no_model.post(url, data=photo, content_type="image/jpeg")),
        *(
            ("get", path, a_client.get(path))
            for path in ("/api/v1/labels", "/api/v1/model", "/healthz", "/readyz")
            for a_client in (client, no_model)
        ),
        ("get", "/readyz", client_of_a_refused_bundle.get("/readyz")),
    ]


def test_no_answer_has_a_key_or_a_kind_that_the_document_lacks(answers: list[tuple[str, str, TestResponse]]) -> None:
    for method, path, answer in answers:
        described = OPERATIONS[method, path]["responses"][str(answer.status_code)]
        content = described["content"][answer.mimetype]
        body = answer.get_json()
        _closed(content["schema"]).validate(body)
        assert "code" not in body or body["code"] in content["examples"]
        assert set(described["headers"]) <= set(answer.headers.keys())


def test_the_document_has_no_key_that_no_answer_has(answers: list[tuple[str, str, TestResponse]]) -> None:
    seen = set()
    for method, path, answer in answers:
        described = OPERATIONS[method, path]["responses"][str(answer.status_code)]
        seen |= set(_keys(described["content"][answer.mimetype]["schema"], answer.get_json()))
    assert seen == {(name, key) for name, shape in COMPONENTS.items() for key in shape["properties"]}


def _problems(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for status, answer in operation["responses"].items():
        for kind, content in answer["content"].items():
            if kind == "application/problem+json":
                [codes] = [
                    part["properties"]["code"]["enum"] for part in content["schema"]["allOf"] if "properties" in part
                ]
                assert codes == list(content["examples"])
                yield from ((status, code, content["examples"][code]["value"]) for code in codes)


def _validator(schema: dict[str, Any], components: dict[str, Any] = COMPONENTS) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": {"schemas": components}})


def _closed(schema: dict[str, Any]) -> Draft202012Validator:
    """The schema, its shapes having no more keys than it tells."""
    return _validator(schema, {name: {"additionalProperties": False, **shape} for name, shape in COMPONENTS.items()})


def _keys(schema: dict[str, Any], body: Any) -> Iterator[tuple[str, str]]:
    """Which keys of which shapes a body has."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        for key, inner in COMPONENTS[name]["properties"].items():
            if isinstance(body, dict) and key in body:
                yield (name, key)
                yield from _keys(inner, body[key])
    for part in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        if _validator(part).is_valid(body):
            yield from _keys(part, body)
    if isinstance(body, list) and "items" in schema:
        for item in body:
            yield from _keys(schema["items"], item)
