"""The OpenAPI 3.1 document, made of the operations and the shapes by apispec.

Flask libraries that own the views were measured and left: flask-openapi3 and APIFlask cost a start 70 to 80 ms and
10 MB and want the application to be theirs; spectree and flask-smorest can describe neither a photo as the body nor
`application/problem+json`. apispec costs 2 ms and leaves views and errors alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apispec import APISpec

from app.api import examples, shapes
from app.api.operations import EVERYWHERE, Body, Operation, Parameter, kinds_of
from app.api.schemas import ShapesPlugin, schema_of, shapes_within
from app.errors import RateLimitedError, UnavailableError, WhichParkError

API_VERSION = "1"
_DESCRIPTION = (
    "Send a photo, learn which of the model's labels it shows, or that it shows none of them. Errors are "
    "`application/problem+json` (RFC 9457) with a stable `code`. Every answer has an `X-Request-ID`: yours, if you "
    "send one of at most 64 letters, digits, `.`, `_` or `-`."
)
_REQUEST_ID = {"X-Request-ID": {"description": "Names this request, in our log too.", "schema": {"type": "string"}}}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}


_API = "/api/"
_KEYS = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The key, as the operator gave it to you."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same."},
}


def make_document(operations: Iterable[Operation], needs_key: bool = False) -> dict[str, Any]:
    """The document as `json` writes it.

    Args:
        needs_key: whether the API is closed to who has no key.
    """
    operations = tuple(operations)
    spec = APISpec("Which Park?", API_VERSION, "3.1.0", plugins=[ShapesPlugin()], info={"description": _DESCRIPTION})
    answers = [type(operation.answer) for operation in operations]
    for shape in dict.fromkeys(inner for answer in [*answers, shapes.Problem] for inner in shapes_within(answer)):
        spec.components.schema(shape.__name__, shape=shape)
    for operation in operations:
        described = _operation(operation)
        if needs_key and operation.path.startswith(_API):
            described["security"] = [{name: []} for name in _KEYS]
        spec.path(operation.path, operations={operation.method: described})
    for name, scheme in _KEYS.items() if needs_key else ():
        spec.components.security_scheme(name, scheme)
    return spec.to_dict()


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": {"200": _answer(operation.answer), **_problems((*EVERYWHERE, *operation.errors))},
    }
    if operation.bodies:
        content = {kind: _body(body) for kind, body in operation.bodies.items()}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameter(parameter: Parameter) -> dict[str, Any]:
    described = {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }
    return described | ({"required": True} if parameter.where == "path" else {})


def _body(body: Body) -> dict[str, Any]:
    described: dict[str, Any] = {"schema": {**body.schema, "description": body.description}}
    if body.encoding:
        described["encoding"] = dict(body.encoding)
    if body.example is not None:
        described["example"] = body.example
    return described


def _answer(example: Any) -> dict[str, Any]:
    content = {"schema": schema_of(type(example)), "example": shapes.to_json(example)}
    description = (type(example).__doc__ or "").partition("\n")[0]
    return {"description": description, "headers": _REQUEST_ID, "content": {"application/json": content}}


def _problems(errors: tuple[type[WhichParkError], ...]) -> dict[str, Any]:
    by_status: dict[str, list[type[WhichParkError]]] = {}
    for kind in kinds_of(*errors):
        by_status.setdefault(str(kind.status), []).append(kind)
    return {status: _problem(kinds) for status, kinds in by_status.items()}


def _problem(kinds: list[type[WhichParkError]]) -> dict[str, Any]:
    """The answers of one status: the shape of every problem, and the codes there are."""
    codes = {"properties": {"code": {"enum": [kind.code for kind in kinds]}}}
    content = {
        "schema": {"allOf": [schema_of(shapes.Problem), codes]},
        "examples": {
            kind.code: {"summary": kind.title, "value": shapes.to_json(examples.problem(kind))} for kind in kinds
        },
    }
    retry = _RETRY_AFTER if any(issubclass(kind, (RateLimitedError, UnavailableError)) for kind in kinds) else {}
    return {
        "description": "; ".join(kind.title for kind in kinds) + ".",
        "headers": {**_REQUEST_ID, **retry},
        "content": {"application/problem+json": content},
    }
