"""The card of a new bundle: what is known of it before it is calibrated and measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from app.vision.card import Card, Label, Thresholds
from training.config import TrainConfig
from training.errors import DataError
from training.prepare import Prepared

DOWNLOAD = "download"  # The key of a label's row that says where `python -m training download` finds its photos.

LabelFacts = Mapping[str, Mapping[str, Any]]


def read_label_facts(path: Path | None) -> dict[str, dict[str, Any]]:
    """Display names and facts by label, of a YAML file; where to download photos of a label is no fact of it.

    Raises:
        DataError: the file cannot be read, or is not a table of tables.
    """
    if path is None:
        return {}
    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as exc:
        raise DataError(f"{path} cannot be read as label facts: {exc}") from exc
    if not isinstance(table, dict) or not all(isinstance(row, dict) for row in table.values()):
        raise DataError(f"{path} must hold a table per label, with its name and facts.")
    try:
        json.dumps(table, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise DataError(f"{path} holds what a card cannot ({exc}). Put dates in quotes.") from exc
    if any("label" in row for row in table.values()):
        raise DataError(f"{path} has a fact called 'label', which is the folder's name. Call it otherwise.")
    return {label: {key: fact for key, fact in row.items() if key != DOWNLOAD} for label, row in table.items()}


def new_card(name: str, version: str, config: TrainConfig, prepared: Prepared, facts: LabelFacts) -> Card:
    """The card before calibration and evaluation."""
    vocab = prepared.vocab
    return Card(
        name=name,
        version=version,
        task=config.task,
        labels=tuple(_label(slug, facts.get(slug, {})) for slug in vocab),
        other_label=config.other_label if config.other_label in vocab else None,
        preprocess=config.preprocess,
        temperature=1.0,
        thresholds=Thresholds((1.0,) * len(vocab)),
        data=prepared.data,
        training=prepared.training,
    )


def _label(slug: str, facts: Mapping[str, Any]) -> Label:
    default = slug.replace("_", " ").replace("-", " ").capitalize()
    return Label(slug, str(facts.get("name", default)), {k: v for k, v in facts.items() if k != "name"})
