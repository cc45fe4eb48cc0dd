"""A learner and its photos -> a bundle: calibrated, measured, reloaded and checked, then moved to its place."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from fastai.learner import Learner
from numpy.typing import NDArray

from app.errors import BundleError
from app.vision.bundle import MANIFEST, NEIGHBOURS, ModelBundle, read_bundle, write_card
from app.vision.card import Card, is_plain_name
from training.bundles.check import ensure_servable
from training.calibrate import calibrate
from training.config import TrainConfig
from training.data import SPLITS, PhotoRow
from training.errors import DataError, ExportError
from training.evaluate import evaluate
from training.evaluation.harm import harm_figures
from training.export import ensure_parity, export_learner, export_network, with_golden, writing_to
from training.network_precision import precision_of, with_network_precision
from training.outputs import SplitOutputs, network_outputs, split_outputs, targets, unit_length
from training.prepare import Prepared
from training.report import write_report
from training.splitting.manifest import write_manifest


def bundle_folder(out: Path, name: str, version: str) -> Path:
    """Where the bundle will be.

    Raises:
        DataError: its name has no sense.
    """
    folder = f"{name}-{version}"
    if not (is_plain_name(name) and is_plain_name(version)):
        raise DataError(f"{folder!r} cannot be a bundle's name. Use letters, digits, '.', '_' and '-' alone.")
    return out / folder


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


def make_bundle(
    target: Path, card: Card, learner: Learner, prepared: Prepared, config: TrainConfig, *, try_int8: bool = True
) -> tuple[ModelBundle, SplitOutputs]:
    """Makes the bundle beside its place and moves it there when it is whole; also gives what it says of its test.

    Raises:
        ExportError: it cannot be written, or does not do elsewhere what the learner does here. Nothing is left of it.
    """
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with writing_to(target):
            partial.mkdir()
            test = _fill_bundle(partial, card, learner, prepared, config, try_int8)
        _ensure_served_elsewhere(partial)
        with writing_to(target):
            partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return read_bundle(target), test


def _ensure_served_elsewhere(partial: Path) -> None:
    """Reads it as `bundle promote` does: hashes, golden outputs, references, in a process without `training/`."""
    try:
        ensure_servable(read_bundle(partial))
    except BundleError as exc:
        raise ExportError(f"The bundle does not do elsewhere what it does here: {exc}") from exc


def _fill_bundle(
    partial: Path, card: Card, learner: Learner, prepared: Prepared, config: TrainConfig, try_int8: bool
) -> SplitOutputs:
    by_split = {split: [row for row in prepared.rows if row.split == split] for split in SPLITS}
    write_manifest(partial / MANIFEST, prepared.rows, prepared.folder)
    neighbours = _write_neighbours(partial, card, learner, by_split["train"])
    export_learner(learner, partial)
    export_network(learner, card.preprocess, partial)
    ensure_parity(partial, card, [row.path for row in by_split["valid"]])
    valid = split_outputs(learner, by_split["valid"], card, neighbours, "calibrate")
    card = with_golden(calibrate(card, valid, config), partial)
    if try_int8:
        card = with_network_precision(partial, card, neighbours, by_split["train"], by_split["valid"])
    test = split_outputs(learner, by_split["test"], card, neighbours, "evaluate")
    metrics = evaluate(card, test) | harm_figures(learner, card, test)
    card = dataclasses.replace(card, metrics=metrics | precision_of(card))
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
