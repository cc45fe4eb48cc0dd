"""One run, from a data folder to a bundle: check, split, fine-tune, calibrate, evaluate, export."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from fastai.learner import Learner
from numpy.typing import NDArray

from app.vision.bundle import LEARNER, MANIFEST, NEIGHBOURS, ModelBundle, read_bundle, write_card
from app.vision.card import Card, Label, Thresholds, is_plain_name
from training.calibrate import calibrate
from training.config import TrainConfig
from training.data import SPLITS, PhotoRow
from training.errors import DataError
from training.evaluate import evaluate
from training.evaluation.harm import harm_figures
from training.evaluation.pages import ensure_places, write_photo_report
from training.export import ensure_parity, export_learner, export_network, with_golden
from training.fit import fit
from training.fitting.processes import from_main, process_group
from training.outputs import SplitOutputs, network_outputs, split_outputs, targets, unit_length
from training.prepare import Prepared, TrainRequest, open_run_of, prepare
from training.report import write_report
from training.run_folder import RunFolder
from training.splitting.manifest import write_manifest

DOWNLOAD = "download"  # The key of a label's row that says where `python -m training download` finds its photos.


@dataclass(frozen=True)
class Begun:
    """What is settled before a training, the same for every process that takes part in it."""

    prepared: Prepared
    folder: RunFolder | None


def train(request: TrainRequest, config: TrainConfig) -> ModelBundle | None:
    """The bundle that a run makes in `request.out`, None in a process that is not the main one; CURRENT stays.

    Raises:
        ConfigError, DataError, RunError, WeightsUnavailableError, ExportError: see `training.errors`.
    """
    facts = read_label_facts(request.label_facts)
    target = bundle_folder(request)
    with process_group() as is_main:
        begun = from_main(lambda: _begin(request, config, target))
        learner = fit(begun.prepared.rows, begun.prepared.vocab, config, begun.folder)
    if not is_main:
        return None
    card = _new_card(request, config, begun.prepared, facts)
    bundle, test = _write_bundle(target, card, learner, begun.prepared, config)
    if begun.folder is not None:
        begun.folder.finish()
    if request.report_photos:
        write_photo_report(request.report_photos, bundle.card, learner, test)
    return bundle


def fit_alone(request: TrainRequest, config: TrainConfig) -> Path | None:
    """The exported learner that a run leaves in its folder, and no bundle; None as in `train`.

    Raises:
        ConfigError, DataError, RunError, WeightsUnavailableError: see `training.errors`.
    """
    with process_group() as is_main:
        begun = from_main(lambda: _begin(request, config, None))
        learner = fit(begun.prepared.rows, begun.prepared.vocab, config, begun.folder)
    if not is_main:
        return None
    assert begun.folder is not None, "the command gives every run a folder"
    export_learner(learner, begun.folder.path)
    begun.folder.finish()
    return begun.folder.path / LEARNER


def _begin(request: TrainRequest, config: TrainConfig, target: Path | None) -> Begun:
    if target is not None:
        ensure_free(target)
        ensure_places(target, request.report_photos)
    prepared = prepare(request, config)
    return Begun(prepared, open_run_of(request, prepared))


def bundle_folder(request: TrainRequest) -> Path:
    """Where the bundle will be.

    Raises:
        DataError: its name has no sense.
    """
    folder = f"{request.name}-{request.version}"
    if not (is_plain_name(request.name) and is_plain_name(request.version)):
        raise DataError(f"{folder!r} cannot be a bundle's name. Use letters, digits, '.', '_' and '-' alone.")
    return request.out / folder


def ensure_free(target: Path) -> None:
    """Found out before the hours of training, not after.

    Raises:
        DataError: the bundle is there already, or nothing can be written there.
    """
    if target.exists():
        raise DataError(f"{target} is there already. Give another --version, or take it away.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise DataError(f"The bundle cannot be written to {target.parent}: {exc}") from exc


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


def _write_bundle(
    target: Path, card: Card, learner: Learner, prepared: Prepared, config: TrainConfig
) -> tuple[ModelBundle, SplitOutputs]:
    """Makes the bundle beside its place and moves it there when it is whole; also gives what it says of its test."""
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        test = _fill_bundle(partial, card, learner, prepared, config)
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return read_bundle(target), test


def _fill_bundle(partial: Path, card: Card, learner: Learner, prepared: Prepared, config: TrainConfig) -> SplitOutputs:
    by_split = {split: [row for row in prepared.rows if row.split == split] for split in SPLITS}
    write_manifest(partial / MANIFEST, prepared.rows, prepared.folder)
    neighbours = _write_neighbours(partial, card, learner, by_split["train"])
    export_learner(learner, partial)
    export_network(learner, card.preprocess, partial)
    ensure_parity(partial, card, [row.path for row in by_split["valid"]])
    valid = split_outputs(learner, by_split["valid"], card, neighbours, "calibrate")
    card = calibrate(card, valid, config)
    test = split_outputs(learner, by_split["test"], card, neighbours, "evaluate")
    metrics = evaluate(card, test) | harm_figures(learner, card, test)
    card = with_golden(dataclasses.replace(card, metrics=metrics), partial)
    write_report(card, partial)
    write_card(partial, card)
    return test


def _write_neighbours(bundle: Path, card: Card, learner: Learner, rows: Sequence[PhotoRow]) -> NDArray[np.float16]:
    known = [row for row in rows if {*row.labels} - {card.other_label}]
    _, embeddings = network_outputs(learner, known, card.preprocess, "neighbours")
    units, shown = unit_length(embeddings), targets(known, card)
    of_labels = {"targets": shown.astype(bool)} if shown.ndim == 2 else {"class_index": shown.astype(np.int16)}
    np.savez_compressed(bundle / NEIGHBOURS, embedding=units, **of_labels)
    return units


def _new_card(request: TrainRequest, config: TrainConfig, prepared: Prepared, facts: dict[str, dict[str, Any]]) -> Card:
    """The card before calibration and evaluation."""
    vocab = prepared.vocab
    return Card(
        name=request.name,
        version=request.version,
        task=config.task,
        labels=tuple(_label(slug, facts.get(slug, {})) for slug in vocab),
        other_label=config.other_label if config.other_label in vocab else None,
        preprocess=config.preprocess,
        temperature=1.0,
        thresholds=Thresholds((1.0,) * len(vocab)),
        data=prepared.data,
        training=prepared.training,
    )


def _label(slug: str, facts: dict[str, Any]) -> Label:
    default = slug.replace("_", " ").replace("-", " ").capitalize()
    return Label(slug, str(facts.get("name", default)), {k: v for k, v in facts.items() if k != "name"})
