"""What the OpenAPI document says of each endpoint: one row an endpoint. Their keys are in `app.api.shapes`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.api import examples, shapes
from app.errors import ModelUnavailableError, PhotoError, RequestError, UnavailableError, WhichParkError


@dataclass(frozen=True)
class ApiLimits:
    """What of the settings clients are told."""

    max_photos: int
    max_upload_bytes: int


@dataclass(frozen=True)
class Parameter:
    """One parameter of the query."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Body:
    """One way of sending a body."""

    description: str
    schema: Mapping[str, Any]
    encoding: Mapping[str, Any] = field(default_factory=dict)
    example: Any = None


@dataclass(frozen=True)
class Operation:
    """One endpoint. `errors` are classes of `app.errors`; one that has subclasses stands for them all.

    `bodies` are by Content-Type; `answer` is an example, whose class is the answer's shape.
    """

    name: str
    method: str
    path: str
    summary: str
    description: str
    answer: Any
    parameters: tuple[Parameter, ...] = ()
    bodies: Mapping[str, Body] = field(default_factory=dict)
    errors: tuple[type[WhichParkError], ...] = ()


def operations(limits: ApiLimits) -> tuple[Operation, ...]:
    """Every endpoint of the API, in the order they are shown."""
    return (
        Operation(
            "predict",
            "post",
            "/api/v1/predict",
            "What do these photos show?",
            f"Takes one photo or several, at most {limits.max_photos}, in one request of at most "
            f"{limits.max_upload_bytes / 1e6:g} MB, sent in any of the ways below. A photo that fails among several "
            "has its `error` in its place and fails nobody else; a photo that was sent alone fails its request. "
            "`POST /predict` is the same.",
            examples.ANSWER,
            parameters=_PREDICT_PARAMETERS,
            bodies=_predict_bodies(limits.max_photos),
            errors=(RequestError, PhotoError, UnavailableError),
        ),
        Operation(
            "labels",
            "get",
            "/api/v1/labels",
            "What does the model know?",
            "The labels in the network's order, with facts about each.",
            examples.LABELS,
            errors=(ModelUnavailableError,),
        ),
        Operation(
            "model",
            "get",
            "/api/v1/model",
            "Which model is it, and what is it worth?",
            "The card of the served model: preprocessing, thresholds, and metrics with their confidence intervals.",
            examples.MODEL_CARD,
            errors=(ModelUnavailableError,),
        ),
        Operation(
            "readyz",
            "get",
            "/readyz",
            "Is the server ready?",
            "For load balancers: 200 once a model is loaded and has made a real prediction, 503 before.",
            examples.READINESS,
            errors=(ModelUnavailableError,),
        ),
        Operation(
            "healthz", "get", "/healthz", "Does the process live?", "For supervisors: always 200.", shapes.Health()
        ),
    )


_PREDICT_PARAMETERS = (
    Parameter("top_k", "The most predictions a photo gets; every label without it.", {"type": "integer", "minimum": 1}),
    Parameter(
        "explain", "Adds the heat map of what spoke for the label, as a PNG.", {"type": "boolean", "default": False}
    ),
)
_FILE = {"type": "string", "format": "binary"}
_ADDRESS = {"type": "string", "format": "uri", "description": "An http or https address, for the server to fetch."}
_BASE64 = {
    "type": "string",
    "contentEncoding": "base64",
    "description": "The file as base64 (RFC 4648, section 4); line breaks and a `data:` prefix do not matter.",
}


def _predict_bodies(max_photos: int) -> dict[str, Body]:
    raw = Body("One photo, the body itself. What the bytes are decides, not what the header says.", _FILE)
    return {
        "multipart/form-data": Body(
            "Files in fields named `photo`, addresses in fields named `url`.",
            {
                "type": "object",
                "properties": {
                    "photo": {"type": "array", "items": _FILE, "maxItems": max_photos, "description": "The files."},
                    "url": {"type": "array", "items": _ADDRESS, "maxItems": max_photos},
                },
                "anyOf": [{"required": ["photo"]}, {"required": ["url"]}],
            },
            encoding={"photo": {"contentType": "image/*, application/octet-stream"}},
        ),
        "image/*": raw,
        "application/octet-stream": raw,
        "application/json": Body(
            "A list of photos, each as base64 or by its address.",
            {
                "type": "object",
                "properties": {
                    "photos": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": max_photos,
                        "items": {"anyOf": [_entry("base64", _BASE64), _entry("url", _ADDRESS)]},
                    }
                },
                "required": ["photos"],
            },
            example=examples.JSON_BODY,
        ),
    }


def _entry(key: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {key: schema}, "required": [key], "additionalProperties": False}


def kinds_of(*errors: type[WhichParkError]) -> list[type[WhichParkError]]:
    """The errors that have a code of their own among these and their subclasses, by status and code."""
    kinds = {kind.code: kind for error in errors for kind in _with_subclasses(error)}
    return sorted(kinds.values(), key=lambda kind: (kind.status, kind.code))


def _with_subclasses(error: type[WhichParkError]) -> Iterator[type[WhichParkError]]:
    yield error
    for child in error.__subclasses__():
        yield from _with_subclasses(child)
