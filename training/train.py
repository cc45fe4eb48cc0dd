"""One run, from a data folder to a bundle: check, split, fine-tune, calibrate, evaluate, export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.vision.bundle import LEARNER, ModelBundle, file_sha256
from training.bundles.make import bundle_folder, ensure_free, make_bundle
from training.bundles.new_card import new_card, read_label_facts
from training.config import TrainConfig
from training.evaluation.pages import ensure_places, write_photo_report
from training.export import export_learner, writing_to
from training.fit import fit
from training.fitting.processes import from_main, process_group
from training.prepare import Prepared, TrainRequest, open_run_of, prepare
from training.run_folder import RunFolder


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
    target = bundle_folder(request.out, request.name, request.version)
    with process_group() as is_main:
        begun = from_main(lambda: _begin(request, config, target))
        learner = fit(begun.prepared.rows, begun.prepared.vocab, config, begun.folder)
    if not is_main:
        return None
    card = new_card(request.name, request.version, config, begun.prepared, facts)
    bundle, test = make_bundle(target, card, learner, begun.prepared, config, try_int8=request.try_int8)
    if begun.folder is not None:
        begun.folder.finish()
    if request.report_photos:
        write_photo_report(request.report_photos, bundle.card, learner, test)
    return bundle


def fit_alone(request: TrainRequest, config: TrainConfig) -> Path | None:
    """The exported learner that a run leaves in its folder, and no bundle; None as in `train`.

    Raises:
        ConfigError, DataError, RunError, WeightsUnavailableError, ExportError: see `training.errors`.
    """
    with process_group() as is_main:
        begun = from_main(lambda: _begin(request, config, None))
        learner = fit(begun.prepared.rows, begun.prepared.vocab, config, begun.folder)
    if not is_main:
        return None
    assert begun.folder is not None, "the command gives every run a folder"
    path = begun.folder.path / LEARNER
    with writing_to(path):
        export_learner(learner, begun.folder.path)
    begun.folder.finish(learner_sha256=file_sha256(path))
    return path


def _begin(request: TrainRequest, config: TrainConfig, target: Path | None) -> Begun:
    if target is not None:
        ensure_free(target)
        ensure_places(target, request.report_photos)
    prepared = prepare(request, config)
    return Begun(prepared, open_run_of(request, prepared))
