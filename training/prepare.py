"""What a run begins with: the photos that can be opened, split, and what is told of them."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

from app.vision.bundle import LEARNER, MANIFEST, file_sha256
from training.config import IMAGENET, NO_WEIGHTS, TrainConfig
from training.data import SPLITS, PhotoRow, data_digest, vocab_of
from training.earlier import EARLIER_SOURCES, ensure_unseen, sources_seen
from training.errors import ConfigError, WeightsUnavailableError
from training.fitting.precision import resolved_precision
from training.fitting.processes import n_processes
from training.run_folder import RunFolder, open_run
from training.splitting.manifest import write_manifest
from training.splitting.split import make_split, read_split
from training.splitting.words import label_counts, split_in_words
from training.weights import bundle_named

# What the card says of a training, of which a run's folder keeps the first as what decides its result.
DECIDES = ("config", "precision", "processes", "weights_sha256")
NOTED = ("command", "packages", "python", EARLIER_SOURCES)

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
    manifest: Path | None = None
    report_photos: Path | None = None
    try_int8: bool = True
    run_dir: Path | None = None
    tensorboard: bool = False
    fresh: bool = False


@dataclass(frozen=True)
class Prepared:
    """The photos of a run, below `folder`, each with its split, and what the card says of them and of the run."""

    folder: Path
    rows: list[PhotoRow]
    data: dict[str, Any]
    training: dict[str, Any]

    @property
    def vocab(self) -> list[str]:
        """The labels, in index order."""
        return vocab_of(self.rows)


def prepare(request: TrainRequest, config: TrainConfig) -> Prepared:
    """Reads, checks and splits the photos.

    Raises:
        ConfigError: this machine cannot do what was chosen.
        DataError: the photos cannot be trained on, or measure an earlier bundle on what it knows.
    """
    if config.find_lr and n_processes() > 1:
        raise ConfigError("--find-lr is for one process. Find the rate with one, then give it to all with --lr.")
    earlier = bundle_named(config.weights)
    if config.start_share and not (earlier or config.freeze_epochs):
        raise ConfigError(
            "--start-share needs a start that knows the labels: --freeze-epochs, or an earlier bundle with --weights."
        )
    training = describe_training(request, config)
    if request.manifest:
        rows = read_split(request.manifest, request.data, config)
    else:
        rows = make_split(request.data, request.labels, config)
    print(split_in_words(rows), flush=True)
    if earlier:
        ensure_unseen(earlier, rows)
        training[EARLIER_SOURCES] = sorted(sources_seen(earlier))
    return Prepared(request.data, rows, describe_data(rows, request.data, request.note), training)


def open_run_of(request: TrainRequest, prepared: Prepared) -> RunFolder | None:
    """The folder of the run, if it is to have one.

    Raises:
        RunError: see `open_run`.
        DataError: see `write_manifest`.
    """
    if request.run_dir is None:
        return None
    training, data = prepared.training, prepared.data
    decides = {key: training[key] for key in DECIDES}
    identity = {**decides, "data_sha256": data["sha256"], "split_sha256": split_digest(prepared.rows, request.data)}
    noted = {key: training[key] for key in NOTED if key in training}
    about = {"name": request.name, "version": request.version, "data": str(request.data), **noted}
    folder = open_run(request.run_dir, identity, about, tensorboard=request.tensorboard, fresh=request.fresh)
    write_manifest(folder.path / MANIFEST, prepared.rows, request.data)
    return folder


def split_digest(rows: Sequence[PhotoRow], data: Path) -> str:
    """sha256 over every photo's place and split."""
    lines = [f"{row.path.relative_to(data).as_posix()}\0{row.split}\n" for row in rows]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def describe_training(request: TrainRequest, config: TrainConfig) -> dict[str, Any]:
    """What the card says of the training.

    Raises:
        ConfigError: this machine cannot do what was chosen.
        WeightsUnavailableError: the weights' file cannot be read.
    """
    return {
        "command": request.command,
        "config": config.to_json(),
        "precision": resolved_precision(config.precision),
        "processes": n_processes(),
        "weights_sha256": _weights_digest(config.weights),
        "packages": {name: package_version(name) for name in _PACKAGES},
        "python": platform.python_version(),
    }


def _weights_digest(weights: str) -> str | None:
    if weights in (IMAGENET, NO_WEIGHTS):
        return None
    try:
        return file_sha256(Path(weights) / LEARNER if bundle_named(weights) else Path(weights))
    except OSError as exc:
        raise WeightsUnavailableError(f"{weights} cannot be read: {exc}") from exc


def describe_data(rows: Sequence[PhotoRow], data: Path, note: str) -> dict[str, Any]:
    """What the card says of the photos."""
    return {
        "note": note,
        "sha256": data_digest(rows, data),
        "n_photos": len(rows),
        "licences": dict(sorted(Counter(row.licence for row in rows if row.licence).items())),
        "counts": {split: label_counts(rows, split) for split in SPLITS},
        "sources": {split: sorted({row.source for row in rows if row.split == split}) for split in SPLITS},
    }
