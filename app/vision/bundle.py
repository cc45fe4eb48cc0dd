"""A bundle: the folder that holds one trained model and all that is needed to serve and to judge it.

models/<name>-<version>/card.json      what it is; the sha256 of every other file
                        learner.pkl    the exported fastai learner
                        model.onnx     the same network, pickle-free
                        neighbours.npz embeddings of the training photos
                        report.html    the evaluation
models/CURRENT                         the name of the bundle that is served
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.errors import BundleDamagedError, BundleMissingError, BundleSchemaError
from app.vision.preprocess import PreprocessSpec
from app.vision.rejection import Rejection

SCHEMA_VERSION = 1
CARD = "card.json"
LEARNER = "learner.pkl"
NETWORK = "model.onnx"
NEIGHBOURS = "neighbours.npz"
REPORT = "report.html"
CURRENT = "CURRENT"

# What the network gives for a batch, in this order, in every runtime (see `learner.EvidenceNetwork`).
NETWORK_OUTPUTS = ("logits", "embedding", "evidence", "stem", "layer1", "layer2", "layer3")

Task = Literal["single_label", "multi_label"]

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


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

    `golden` are the logits (K) of the golden picture (see `app.vision.golden`).
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
            name=_plain_name(data["name"]),
            version=_plain_name(data["version"]),
            task=_one_of(data["task"], ("single_label", "multi_label")),
            labels=labels,
            other_label=_one_of(data["other_label"], (None, *vocab)),
            preprocess=PreprocessSpec.from_json(data["preprocess"]),
            temperature=_positive(data["temperature"]),
            thresholds=_thresholds_from_json(data["thresholds"], vocab),
            golden=_golden_from_json(data.get("golden"), vocab),
            metrics=dict(data["metrics"]),
            data=dict(data["data"]),
            training=dict(data["training"]),
            files={_plain_name(name): str(digest) for name, digest in data["files"].items()},
        )


def _label_from_json(row: dict[str, Any]) -> Label:
    facts = {key: value for key, value in row.items() if key not in ("label", "name")}
    return Label(label=str(row["label"]), name=str(row["name"]), facts=facts)


def _thresholds_from_json(data: dict[str, Any], vocab: list[str]) -> Thresholds:
    max_distance = data["max_distance"]
    return Thresholds(
        match=tuple(_finite(data["match"][label]) for label in vocab),
        max_distance=None if max_distance is None else _finite(max_distance),
        neighbours=_count(data["neighbours"]),
        rejection=Rejection.from_json(data["rejection"]) if data.get("rejection") is not None else None,
    )


def is_plain_name(value: object) -> bool:
    """Whether it is one path component, not hidden: a card or CURRENT may not point outside its folder."""
    return isinstance(value, str) and _PLAIN_NAME.fullmatch(value) is not None


def _golden_from_json(values: Any, vocab: list[str]) -> tuple[float, ...] | None:
    if values is None:
        return None
    golden = tuple(_finite(value) for value in values)
    if len(golden) != len(vocab):
        raise ValueError(f"golden must have {len(vocab)} logits, has {len(golden)}")
    return golden


def _plain_name(value: Any) -> str:
    if not is_plain_name(value):
        raise ValueError(f"{value!r} is not a plain name")
    return str(value)


def _one_of(value: Any, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {allowed}")
    return value


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no number")
    return number


def _positive(value: Any) -> float:
    number = _finite(value)
    if not number > 0:
        raise ValueError(f"{value!r} must be above 0")
    return number


def _count(value: Any) -> int:
    number = int(value)
    if number < 1 or number != value:
        raise ValueError(f"{value!r} must be a whole number of at least 1")
    return number


@dataclass(frozen=True)
class ModelBundle:
    """A bundle on disk: its folder and its card."""

    path: Path
    card: Card

    def verified_file(self, name: str) -> Path:
        """The path of one of the bundle's files, whose sha256 is the one in the card.

        Raises:
            BundleMissingError: the card names no such file, or it is not there.
            BundleDamagedError: its content is another.
        """
        if name not in self.card.files:
            raise BundleMissingError(f"Bundle {self.path.name} has no {name} in its card.")
        path = self.path / name
        if not path.is_file():
            raise BundleMissingError(f"Bundle {self.path.name} lacks its file {name}.")
        if file_sha256(path) != self.card.files[name]:
            raise BundleDamagedError(f"{name} of bundle {self.path.name} is not the file its card names (sha256).")
        return path

    def verify(self) -> None:
        """Raises what `verified_file` raises for the first file that is not as the card says."""
        for name in sorted(self.card.files):
            self.verified_file(name)

    def load_neighbours(self) -> NDArray[np.float32] | None:
        """Unit embeddings of training photos, (n, D), or None where the bundle has none.

        Raises:
            BundleMissingError, BundleDamagedError: see `verified_file`; also BundleDamagedError: no such array in it.
        """
        if NEIGHBOURS not in self.card.files:
            return None
        path = self.verified_file(NEIGHBOURS)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                neighbours = np.asarray(arrays["embedding"], dtype=np.float32)
        except (OSError, ValueError, TypeError, LookupError, EOFError, zipfile.BadZipFile) as exc:
            raise BundleDamagedError(f"{NEIGHBOURS} of bundle {self.path.name} cannot be read: {exc!r}") from exc
        if neighbours.ndim != 2 or neighbours.size == 0:
            raise BundleDamagedError(f"{NEIGHBOURS} of bundle {self.path.name} has the shape {neighbours.shape}.")
        return neighbours


def read_bundle(path: Path) -> ModelBundle:
    """The bundle in a folder; its files are verified when they are used.

    Raises:
        BundleMissingError: no such folder or no card.
        BundleDamagedError: the card cannot be read.
        BundleSchemaError: the card is of another schema.
    """
    try:
        text = (path / CARD).read_bytes()
    except OSError as exc:
        raise BundleMissingError(f"There is no bundle at {path}: its {CARD} cannot be read.") from exc
    try:
        return ModelBundle(path=path, card=Card.from_json(json.loads(text, parse_constant=_finite)))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as exc:
        raise BundleDamagedError(f"{CARD} of bundle {path.name} has no sense: {exc!r}") from exc


def read_current_bundle(models: Path) -> ModelBundle:
    """The bundle that `models/CURRENT` names.

    Raises:
        BundleMissingError: there is no CURRENT, or no bundle of that name.
        BundleDamagedError: CURRENT or the card cannot be read.
        BundleSchemaError: the card is of another schema.
    """
    try:
        name = (models / CURRENT).read_text(encoding="utf-8", errors="replace").strip()
    except OSError as exc:
        raise BundleMissingError(f"{models / CURRENT} cannot be read; it names the bundle to serve.") from exc
    try:
        return read_bundle(models / _plain_name(name))
    except ValueError as exc:
        raise BundleDamagedError(f"{CURRENT} holds {name!r}, which is not the name of a bundle.") from exc


def write_card(path: Path, card: Card) -> None:
    """Writes card.json into the bundle's folder, with the sha256 of every other file there."""
    others = [file for file in sorted(path.iterdir()) if file.is_file() and file.name != CARD]
    files = {file.name: file_sha256(file) for file in others if _PLAIN_NAME.fullmatch(file.name)}
    data = card.to_json() | {"files": files}
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(path / CARD, text.encode())


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces the file in one step: a reader sees the old content or the new, also after a crash."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def file_sha256(path: Path) -> str:
    """Hexadecimal sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
