"""card.json: what a bundle is, parsed and checked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.errors import BundleSchemaError
from app.vision.preprocess import PreprocessSpec
from app.vision.rejection import Rejection

SCHEMA_VERSION = 1

Task = Literal["single_label", "multi_label"]
Precision = Literal["float32", "int8"]

PLAIN_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"


@dataclass(frozen=True)
class Label:
    """One output of the network: its slug, what people call it, and facts worth showing (state, link, …)."""

    label: str
    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Thresholds:
    """When a prediction is a match, chosen on validation photos.

    `match` is the least calibrated probability of each label, in index order. `max_distance` is the largest cosine
    distance (0..2) to the nearest training embeddings at which a photo still counts as something the model knows;
    None where the bundle has no neighbours. `neighbours` is how many embeddings that distance is the mean over. A
    `rejection` says more exactly what the model does not know, and stands in for `max_distance`.
    """

    match: tuple[float, ...]
    max_distance: float | None = None
    neighbours: int = 1
    rejection: Rejection | None = None

    @property
    def use_distance(self) -> bool:
        """Whether any of them asks how far a photo is from its neighbours."""
        return self.max_distance is not None if self.rejection is None else "distance" in self.rejection.weights


@dataclass(frozen=True)
class Card:
    """card.json. `other_label` is the label that stands for "none of these", if there is one.

    `golden` are the logits (K) of the golden picture (see `app.vision.golden`); `precision` is the arithmetic of
    model.onnx.
    """

    name: str
    version: str
    task: Task
    labels: tuple[Label, ...]
    preprocess: PreprocessSpec
    temperature: float
    thresholds: Thresholds
    other_label: str | None = None
    golden: tuple[float, ...] | None = None
    precision: Precision = "float32"
    metrics: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def vocab(self) -> tuple[str, ...]:
        """The slugs in index order."""
        return tuple(label.label for label in self.labels)

    @property
    def folder_name(self) -> str:
        """The bundle's name: `<name>-<version>`."""
        return f"{self.name}-{self.version}"

    def to_json(self) -> dict[str, Any]:
        """The card as it is written."""
        return {
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "version": self.version,
            "task": self.task,
            "labels": [{"label": row.label, "name": row.name, **row.facts} for row in self.labels],
            "other_label": self.other_label,
            "preprocess": self.preprocess.to_json(),
            "temperature": self.temperature,
            "thresholds": {
                "match": dict(zip(self.vocab, self.thresholds.match, strict=True)),
                "max_distance": self.thresholds.max_distance,
                "neighbours": self.thresholds.neighbours,
                "rejection": self.thresholds.rejection and self.thresholds.rejection.to_json(),
            },
            "golden": None if self.golden is None else list(self.golden),
            "precision": self.precision,
            "metrics": self.metrics,
            "data": self.data,
            "training": self.training,
            "files": self.files,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Card:
        """The card of a parsed card.json.

        Raises:
            BundleSchemaError: of a schema this code does not know.
            KeyError, TypeError, ValueError: something is missing or has no sense.
        """
        if data["schema_version"] != SCHEMA_VERSION:
            raise BundleSchemaError(
                f"The bundle's card has schema version {data['schema_version']!r}, this server reads {SCHEMA_VERSION}. "
                "Serve it with the release that wrote it, or train it again."
            )
        labels = tuple(_label_from_json(row) for row in data["labels"])
        vocab = [row.label for row in labels]
        if not vocab or len(set(vocab)) != len(vocab):
            raise ValueError("labels must be at least one, none twice")
        return cls(
            name=plain_name(data["name"]),
            version=plain_name(data["version"]),
            task=_one_of(data["task"], ("single_label", "multi_label")),
            labels=labels,
            other_label=_one_of(data["other_label"], (None, *vocab)),
            preprocess=PreprocessSpec.from_json(data["preprocess"]),
            temperature=_positive(data["temperature"]),
            thresholds=_thresholds_from_json(data["thresholds"], vocab),
            golden=_golden_from_json(data.get("golden"), vocab),
            precision=_one_of(data.get("precision", "float32"), ("float32", "int8")),
            metrics=dict(data["metrics"]),
            data=dict(data["data"]),
            training=dict(data["training"]),
            files={plain_name(name): str(digest) for name, digest in data["files"].items()},
        )


def _label_from_json(row: dict[str, Any]) -> Label:
    facts = {key: value for key, value in row.items() if key not in ("label", "name")}
    return Label(label=str(row["label"]), name=str(row["name"]), facts=facts)


def _thresholds_from_json(data: dict[str, Any], vocab: list[str]) -> Thresholds:
    max_distance = data["max_distance"]
    return Thresholds(
        match=tuple(finite(data["match"][label]) for label in vocab),
        max_distance=None if max_distance is None else finite(max_distance),
        neighbours=_count(data["neighbours"]),
        rejection=Rejection.from_json(data["rejection"]) if data.get("rejection") is not None else None,
    )


def is_plain_name(value: object) -> bool:
    """Whether it is one path component, not hidden: a card or CURRENT may not point outside its folder."""
    return isinstance(value, str) and re.fullmatch(PLAIN_NAME, value) is not None


def _golden_from_json(values: Any, vocab: list[str]) -> tuple[float, ...] | None:
    if values is None:
        return None
    golden = tuple(finite(value) for value in values)
    if len(golden) != len(vocab):
        raise ValueError(f"golden must have {len(vocab)} logits, has {len(golden)}")
    return golden


def plain_name(value: Any) -> str:
    """The value as a name that is one path component and nothing else.

    Raises:
        ValueError: it is none.
    """
    if not is_plain_name(value):
        raise ValueError(f"{value!r} is not a plain name")
    return str(value)


def _one_of(value: Any, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {allowed}")
    return value


def finite(value: Any) -> float:
    """The value as a number.

    Raises:
        ValueError, TypeError: it is none, or not a finite one.
    """
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no number")
    return number


def _positive(value: Any) -> float:
    number = finite(value)
    if not number > 0:
        raise ValueError(f"{value!r} must be above 0")
    return number


def _count(value: Any) -> int:
    number = int(value)
    if number < 1 or number != value:
        raise ValueError(f"{value!r} must be a whole number of at least 1")
    return number
