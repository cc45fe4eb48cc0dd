"""One run, from a data folder to a bundle: check, split, fine-tune, calibrate, evaluate, export."""

from __future__ import annotations

import dataclasses
import json
import platform
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from fastai.learner import Learner
from numpy.typing import NDArray
from tqdm import tqdm

from app.errors import PhotoError
from app.vision.bundle import (
    NEIGHBOURS,
    Card,
    Label,
    ModelBundle,
    Thresholds,
    file_sha256,
    is_plain_name,
    read_bundle,
    write_card,
)
from app.vision.image_io import open_image
from training.calibrate import calibrate
from training.config import IMAGENET, NO_WEIGHTS, TrainConfig
from training.data import SPLITS, PhotoRow, Split, data_digest, read_data_folder, split_by_group, vocab_of
from training.errors import DataError
from training.evaluate import evaluate
from training.export import ensure_parity, export_learner, export_network, with_golden
from training.fit import fit
from training.fitting.precision import resolved_precision
from training.outputs import network_outputs, split_outputs, targets, unit_length
from training.report import write_report
from training.run_folder import RunFolder, open_run
from training.table import read_label_table

DOWNLOAD = "download"  # The key of a label's row that says where `python -m training download` finds its photos.
_PACKAGES = ("fastai", "torch", "torchvision", "numpy", "pillow", "onnx", "onnxruntime", "scikit-learn")


@dataclass(frozen=True)
class TrainRequest:
    """What a run is asked for beside its TrainConfig: where the photos are, and what the bundle is called and says."""

    data: Path
    out: Path
    name: str
    version: str
    command: str
    note: str = ""
    label_facts: Path | None = None
    labels: Path | None = None
    run_dir: Path | None = None
    tensorboard: bool = False


def train(request: TrainRequest, config: TrainConfig) -> ModelBundle:
    """The bundle that a run makes in `request.out`; CURRENT stays as it is.

    Raises:
        DataError, WeightsUnavailableError, ExportError: see `training.errors`.
    """
    target = _free_place(request)
    facts = read_label_facts(request.label_facts)
    rows = readable_rows(read_rows(request, config))
    rows = split_by_group(rows, n_folds=config.n_folds, seed=config.seed)
    vocab = vocab_of(rows)
    print(f"{len(rows)} photos of {len({row.group for row in rows})} sources: {_counts_in_words(rows)}", flush=True)
    learner = fit(rows, vocab, config, _run_folder(request))
    card = _new_card(request, config, rows, vocab, facts)
    return _write_bundle(target, card, learner, rows, config)


def _run_folder(request: TrainRequest) -> RunFolder | None:
    return open_run(request.run_dir, tensorboard=request.tensorboard) if request.run_dir else None


def read_rows(request: TrainRequest, config: TrainConfig) -> list[PhotoRow]:
    """The photos of the table if there is one, else of the folders."""
    if request.labels:
        return read_label_table(request.labels, request.data, multi_label=config.multi_label)
    return read_data_folder(request.data)


def _free_place(request: TrainRequest) -> Path:
    """Where the bundle will be; found out before the hours of training, not after.

    Raises:
        DataError: its name has no sense, it is there already, or nothing can be written there.
    """
    folder = f"{request.name}-{request.version}"
    if not (is_plain_name(request.name) and is_plain_name(request.version)):
        raise DataError(f"{folder!r} cannot be a bundle's name. Use letters, digits, '.', '_' and '-' alone.")
    target = request.out / folder
    if target.exists():
        raise DataError(f"{target} is there already. Give another --version, or take it away.")
    try:
        request.out.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise DataError(f"The bundle cannot be written to {request.out}: {exc}") from exc
    return target


def readable_rows(rows: Sequence[PhotoRow]) -> list[PhotoRow]:
    """The rows whose photo can be opened; each of the others is named on the screen and left out.

    Raises:
        DataError: none of a label's can.
    """
    kept = []
    for row in tqdm(rows, desc="check", unit="photo", disable=None):
        try:
            open_image(row.path, decode_px=8)
            kept.append(row)
        except (PhotoError, OSError) as error:
            print(f"left out: {row.path}: {error}", flush=True)
    lost = {*vocab_of(rows)} - {*vocab_of(kept)}
    if lost:
        raise DataError(f"None of the photos of {', '.join(sorted(lost))} can be opened.")
    return kept


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
    target: Path, card: Card, learner: Learner, rows: Sequence[PhotoRow], config: TrainConfig
) -> ModelBundle:
    """Makes the bundle beside its place and moves it there when it is whole."""
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        _fill_bundle(partial, card, learner, rows, config)
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return read_bundle(target)


def _fill_bundle(partial: Path, card: Card, learner: Learner, rows: Sequence[PhotoRow], config: TrainConfig) -> None:
    by_split = {split: [row for row in rows if row.split == split] for split in SPLITS}
    neighbours = _write_neighbours(partial, card, learner, by_split["train"])
    export_learner(learner, partial)
    export_network(learner, card.preprocess, partial)
    ensure_parity(partial, card, [row.path for row in by_split["valid"]])
    valid = split_outputs(learner, by_split["valid"], card, neighbours, "calibrate")
    card = calibrate(card, valid, config)
    test = split_outputs(learner, by_split["test"], card, neighbours, "evaluate")
    card = with_golden(dataclasses.replace(card, metrics=evaluate(card, test)), partial)
    write_report(card, partial)
    write_card(partial, card)


def _write_neighbours(bundle: Path, card: Card, learner: Learner, rows: Sequence[PhotoRow]) -> NDArray[np.float16]:
    known = [row for row in rows if {*row.labels} - {card.other_label}]
    _, embeddings = network_outputs(learner, known, card.preprocess, "neighbours")
    units, shown = unit_length(embeddings), targets(known, card)
    of_labels = {"targets": shown.astype(bool)} if shown.ndim == 2 else {"class_index": shown.astype(np.int16)}
    np.savez_compressed(bundle / NEIGHBOURS, embedding=units, **of_labels)
    return units


def _new_card(
    request: TrainRequest,
    config: TrainConfig,
    rows: Sequence[PhotoRow],
    vocab: Sequence[str],
    facts: dict[str, dict[str, Any]],
) -> Card:
    """The card before calibration and evaluation."""
    return Card(
        name=request.name,
        version=request.version,
        task=config.task,
        labels=tuple(_label(slug, facts.get(slug, {})) for slug in vocab),
        other_label=config.other_label if config.other_label in vocab else None,
        preprocess=config.preprocess,
        temperature=1.0,
        thresholds=Thresholds((1.0,) * len(vocab)),
        data=_describe_data(request, rows),
        training={
            "command": request.command,
            "config": config.to_json(),
            "precision": resolved_precision(config.precision),
            "weights_sha256": None if config.weights in (IMAGENET, NO_WEIGHTS) else file_sha256(Path(config.weights)),
            "packages": {name: package_version(name) for name in _PACKAGES},
            "python": platform.python_version(),
        },
    )


def _label(slug: str, facts: dict[str, Any]) -> Label:
    default = slug.replace("_", " ").replace("-", " ").capitalize()
    return Label(slug, str(facts.get("name", default)), {k: v for k, v in facts.items() if k != "name"})


def _describe_data(request: TrainRequest, rows: Sequence[PhotoRow]) -> dict[str, Any]:
    return {
        "note": request.note,
        "sha256": data_digest(rows, request.data),
        "n_photos": len(rows),
        "counts": {split: _counts(rows, split) for split in SPLITS},
        "sources": {split: sorted({row.group for row in rows if row.split == split}) for split in SPLITS},
    }


def _counts(rows: Sequence[PhotoRow], split: Split) -> dict[str, int]:
    counts = Counter(label for row in rows if row.split == split for label in row.labels)
    return {label: counts[label] for label in vocab_of(rows)}


def _counts_in_words(rows: Sequence[PhotoRow]) -> str:
    return "; ".join(
        f"{split} {', '.join(f'{count} {label}' for label, count in _counts(rows, split).items())}" for split in SPLITS
    )
