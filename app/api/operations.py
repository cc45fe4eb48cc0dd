"""What the OpenAPI document says of each endpoint: one row an endpoint. Their keys are in `app.api.shapes`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.api import examples, shapes
from app.errors import (
    BusyError,
    ClientGoneError,
    HeadTooLargeError,
    KeyMissingError,
    KeyUnknownError,
    ModelUnavailableError,
    PhotoError,
    RequestError,
    RequestTimeoutError,
    WhichParkError,
)
from app.feedback.limits import FeedbackLimits

# What any request may meet, whatever it asks.
EVERYWHERE: tuple[type[WhichParkError], ...] = (HeadTooLargeError, RequestTimeoutError)


@dataclass(frozen=True)
class ApiLimits:
    """What of the settings clients are told."""

    max_photos: int
    max_upload_bytes: int
    fetches_addresses: bool
    needs_key: bool = False
    feedback: FeedbackLimits | None = None


@dataclass(frozen=True)
class Parameter:
    """One parameter, of the query or of the path."""

    name: str
    description: str
    schema: Mapping[str, Any]
    where: str = "query"


@dataclass(frozen=True)
class Body:
    """One way of sending a body."""

    description: str
    schema: Mapping[str, Any]
    encoding: Mapping[str, Any] = field(default_factory=dict)
    example: Any = None


@dataclass(frozen=True)
class Operation:
    """One endpoint. `errors` are its own beside EVERYWHERE; one that has subclasses stands for them all.

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
            bodies=_predict_bodies(limits),
            errors=(RequestError, PhotoError, BusyError, ModelUnavailableError),
        ),
        Operation(
            "labels",
            "get",
            "/api/v1/labels",
            "What does the model know?",
            "The labels in the network's order, with facts about each.",
            examples.LABELS,
            errors=(KeyMissingError, KeyUnknownError, ModelUnavailableError),
        ),
        Operation(
            "model",
            "get",
            "/api/v1/model",
            "Which model is it, and what is it worth?",
            "The card of the served model: preprocessing, thresholds, and metrics with their confidence intervals.",
            examples.MODEL_CARD,
            errors=(KeyMissingError, KeyUnknownError, ModelUnavailableError),
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


# Far above any number of labels; it keeps a number from being as long as a query may be.
MAX_TOP_K = 999_999

_PREDICT_PARAMETERS = (
    Parameter(
        "top_k",
        "The most predictions a photo gets; every label without it.",
        {"type": "integer", "minimum": 1, "maximum": MAX_TOP_K},
    ),
    Parameter(
        "explain", "Adds the heat map of what spoke for the label, as a PNG.", {"type": "boolean", "default": False}
    ),
)
_FILE = {"type": "string", "format": "binary"}
_ADDRESS = {"type": "string", "format": "uri", "description": "An http or https address, for the server to fetch."}
BASE64 = {
    "type": "string",
    "contentEncoding": "base64",
    "format": "byte",
    "description": "The file as base64 (RFC 4648, section 4); line breaks and a `data:` prefix do not matter.",
}


def _predict_bodies(limits: ApiLimits) -> dict[str, Body]:
    raw = Body("One photo, the body itself. What the bytes are decides, not what the header says.", _FILE)
    return {
        "multipart/form-data": _form(limits),
        "image/*": raw,
        "application/octet-stream": raw,
        "application/json": _json(limits),
    }


def _form(limits: ApiLimits) -> Body:
    """Without `photo_data`, by which our own pages carry a photo on: clients have JSON for base64."""
    fields = {"photo": _list(_FILE, limits) | {"description": "The files."}}
    if limits.fetches_addresses:
        fields["url"] = _list(_ADDRESS, limits) | {"description": "Addresses of more photos, for the server to fetch."}
    needed = [{"required": [field]} for field in fields]
    return Body(
        "The photos as files, in fields named `photo`.",
        {"type": "object", "properties": fields} | ({"anyOf": needed} if len(needed) > 1 else needed[0]),
        encoding={"photo": {"contentType": "image/*, application/octet-stream"}},
    )


def _json(limits: ApiLimits) -> Body:
    kinds = {"base64": BASE64} | ({"url": _ADDRESS} if limits.fetches_addresses else {})
    entries = [
        {"type": "object", "properties": {kind: schema}, "required": [kind], "additionalProperties": False}
        for kind, schema in kinds.items()
    ]
    return Body(
        "A list of photos.",
        {"type": "object", "properties": {"photos": _list({"anyOf": entries}, limits)}, "required": ["photos"]},
        example={"photos": [{kind: examples.PHOTO[kind]} for kind in kinds]},
    )


def _list(item: Mapping[str, Any], limits: ApiLimits) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "maxItems": limits.max_photos, "items": item}


def kinds_of(*errors: type[WhichParkError]) -> list[type[WhichParkError]]:
    """The errors that a client can read among these and their subclasses, one for each code, by status and code."""
    kinds = {kind.code: kind for error in errors for kind in _with_subclasses(error) if kind is not ClientGoneError}
    return sorted(kinds.values(), key=lambda kind: (kind.status, kind.code))


def _with_subclasses(error: type[WhichParkError]) -> Iterator[type[WhichParkError]]:
    yield error
    for child in error.__subclasses__():
        yield from _with_subclasses(child)
