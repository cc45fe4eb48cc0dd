"""Every JSON key of the API, spelt once: answers are made of these shapes, and so is the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal


@dataclass(frozen=True)
class Says:
    """What the OpenAPI document says of a key beside its type, in keywords of JSON Schema."""

    description: str
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None


def beside() -> Any:
    """The default of a mapping whose keys stand in the JSON beside the shape's own, and never in their place."""
    return field(default_factory=dict, metadata={"beside": True})


Probability = Annotated[float, Says("Calibrated probability.", minimum=0, maximum=1)]
LabelSlug = Annotated[str, Says("The label's slug, as `GET /api/v1/labels` lists it.")]
Milliseconds = Annotated[float, Says("Milliseconds.", minimum=0)]


@dataclass(frozen=True)
class ServedModel:
    """The model that answered."""

    name: str
    version: str


@dataclass(frozen=True)
class Prediction:
    """One label and how likely it is."""

    label: LabelSlug
    name: Annotated[str, Says("What people call it.")]
    probability: Probability


@dataclass(frozen=True)
class Timing:
    """Where one photo's time went, in milliseconds."""

    decode: Milliseconds
    queue: Milliseconds
    inference: Milliseconds


@dataclass(frozen=True)
class Explanation:
    """What in the photo spoke for its most probable label."""

    label: LabelSlug
    heat_map: Annotated[
        str,
        Says(
            "A PNG as a `data:` URI, to lay over the photo: clear where nothing speaks for the label, the more opaque "
            "the more does.",
            pattern="^data:image/png;base64,",
        ),
    ]


@dataclass(frozen=True)
class Result:
    """One photo that was looked at."""

    source: Annotated[
        str,
        Says("What you called the photo: the name of its file or at its address, `body`, or its place in the JSON."),
    ]
    prediction_id: Annotated[str, Says("Names this prediction, for feedback.")]
    verdict: Annotated[
        Literal["match", "unsure", "unknown"],
        Says(
            "`match`: surer than the threshold in the model's card. `unsure`: it looks like one of the labels, and "
            "could be another. `unknown`: none of them."
        ),
    ]
    label: Annotated[LabelSlug | None, Says("The label of a `match`; of several, the first. null where there is none.")]
    labels: Annotated[tuple[LabelSlug, ...], Says("Every label of a `match`: several only from multi-label models.")]
    predictions: Annotated[tuple[Prediction, ...], Says("Highest first; every label unless `top_k` cuts it.")]
    timing_ms: Timing
    explanation: Annotated[Explanation | None, Says("Only with `explain=true`.")] = None


@dataclass(frozen=True)
class Failure:
    """Why a photo could not be looked at."""

    code: Annotated[str, Says("Stable: branch on this one.")]
    detail: Annotated[str, Says("For people: what was wrong, what we got, what to do.")]


@dataclass(frozen=True)
class FailedResult:
    """One photo of several that failed. Its neighbours have their results; a lone photo fails its request."""

    source: str
    error: Annotated[Failure, Says("In place of all the rest, where this photo of several failed.")]


@dataclass(frozen=True)
class Answer:
    """The answer of `predict`."""

    request_id: Annotated[str, Says("Also in the header `X-Request-ID`.")]
    model: ServedModel
    results: Annotated[tuple[Result | FailedResult, ...], Says("One for each photo, in the order they were sent.")]


@dataclass(frozen=True)
class FeedbackKept:
    """What was said is kept."""

    request_id: Annotated[str, Says("Also in the header `X-Request-ID`.")]
    receipt: Annotated[str, Says("A secret: who has it may delete what was kept. It cannot be told again.")]
    photo_kept: Annotated[bool, Says("Whether the photo is kept too.")]
    kept_until: Annotated[str, Says("The last day, UTC; then all of it is deleted.", pattern=r"^\d{4}-\d{2}-\d{2}$")]


@dataclass(frozen=True)
class FeedbackWithdrawn:
    """What was kept is deleted."""

    request_id: Annotated[str, Says("Also in the header `X-Request-ID`.")]
    deleted: bool = True


@dataclass(frozen=True)
class Problem:
    """An error. Source: RFC 9457, Problem Details for HTTP APIs."""

    type: Annotated[str, Says("A URI of the kind of problem; `about:blank`: the title says it all.")]
    title: Annotated[str, Says("The kind of problem, in words.")]
    status: Annotated[int, Says("The HTTP status again.", minimum=400, maximum=599)]
    detail: Annotated[str, Says("For people: what was wrong, what we got, what to do.")]
    code: Annotated[str, Says("The kind of problem, stable: branch on this one.")]
    request_id: Annotated[str, Says("Also in the header `X-Request-ID`. Tell it when you report a problem.")]


@dataclass(frozen=True)
class Label:
    """One label the model knows, with facts worth showing: a state, a place, a link, whatever its card tells."""

    label: LabelSlug
    name: Annotated[str, Says("What people call it.")]
    is_other: Annotated[bool, Says('Whether it stands for "none of these".')]
    facts: Mapping[str, Any] = beside()


@dataclass(frozen=True)
class Labels:
    """The labels, in the network's order."""

    labels: tuple[Label, ...]


@dataclass(frozen=True)
class ModelCard:
    """The card of the served model: what it is, how it was trained, what it is worth."""

    schema_version: int
    name: str
    version: str
    task: Literal["single_label", "multi_label"]
    labels: Annotated[tuple[Mapping[str, Any], ...], Says("In the network's order.")]
    other_label: Annotated[str | None, Says('The label that stands for "none of these".')]
    preprocess: Annotated[Mapping[str, Any], Says("What is done to a photo before the network sees it.")]
    temperature: Annotated[float, Says("What logits are divided by, for calibrated probabilities.")]
    thresholds: Annotated[Mapping[str, Any], Says("What makes a `match`, and what `unknown`.")]
    golden: Annotated[tuple[float, ...] | None, Says("The network's logits for the golden picture.")]
    precision: Annotated[Literal["float32", "int8"], Says("The arithmetic of the network on a CPU.")]
    metrics: Annotated[Mapping[str, Any], Says("What it is worth, measured on photos it was not trained on.")]
    data: Annotated[Mapping[str, Any], Says("The photos it was trained on.")]
    training: Annotated[Mapping[str, Any], Says("The command, seeds and versions it was trained with.")]
    runtime: Annotated[str, Says("What runs it here.")]


@dataclass(frozen=True)
class Health:
    """The process lives."""

    status: Literal["ok"] = "ok"


@dataclass(frozen=True)
class Readiness:
    """A model is loaded and has made a prediction."""

    model: ServedModel
    status: Literal["ready"] = "ready"
    refused: Annotated[
        str | None,
        Says("Only if another bundle was promoted since and cannot be served: why, as `bundle_damaged`. See the log."),
    ] = None


def to_json(value: Any) -> Any:
    """A shape as what `json` writes. A key that may be missing (its default is None) is left out when it has none."""
    if is_dataclass(value):
        return _object(value)
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return [to_json(item) for item in value] if isinstance(value, (list, tuple)) else value


def _object(shape: Any) -> dict[str, Any]:
    body: dict[str, Any] = {}
    more: dict[str, Any] = {}
    for name, is_beside, may_be_missing in _keys(shape.__class__):
        value = getattr(shape, name)
        if is_beside:
            more = to_json(value)
        elif value is not None or not may_be_missing:
            body[name] = to_json(value)
    return body | {name: item for name, item in more.items() if name not in body}


@cache
def _keys(shape: type[Any]) -> tuple[tuple[str, bool, bool], ...]:
    """Of each key of a shape its name, whether it stands beside the others, and whether it may be missing."""
    return tuple((key.name, bool(key.metadata.get("beside")), key.default is None) for key in fields(shape))
