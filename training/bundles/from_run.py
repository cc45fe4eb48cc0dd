"""A run that `fit` has finished -> a bundle, the same that `train` would have made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastai.learner import Learner

from app.vision.bundle import LEARNER, MANIFEST, ModelBundle, file_sha256
from app.vision.learner import load_trusted_learner
from training.bundles.make import bundle_folder, ensure_free, make_bundle
from training.bundles.new_card import new_card, read_label_facts
from training.config import TrainConfig
from training.errors import RunError
from training.evaluation.pages import ensure_places, write_photo_report
from training.prepare import DECIDES, NOTED, Prepared, describe_data, split_digest
from training.run_folder import read_run
from training.splitting.split import read_split


@dataclass(frozen=True)
class ExportRequest:
    """What an export is asked for; without `data` the photos are where the run found them."""

    run: Path
    out: Path
    data: Path | None = None
    note: str = ""
    label_facts: Path | None = None
    report_photos: Path | None = None
    try_int8: bool = True


def export_run(request: ExportRequest) -> ModelBundle:
    """The bundle of a run's learner, calibrated and measured on the photos of the run's manifest; CURRENT stays.

    Raises:
        RunError: the run was not finished by `fit`, or what it left has changed.
        DataError, ExportError: see `training.errors`.
    """
    about = read_run(request.run)
    target = bundle_folder(request.out, about["name"], about["version"])
    facts = read_label_facts(request.label_facts)
    ensure_free(target)
    ensure_places(target, request.report_photos)
    config = TrainConfig.from_json(about["identity"]["config"])
    learner = _load_learner(request.run, about)
    prepared = _prepared(request, about, config)
    card = new_card(about["name"], about["version"], config, prepared, facts)
    bundle, test = make_bundle(target, card, learner, prepared, config, try_int8=request.try_int8)
    if request.report_photos:
        write_photo_report(request.report_photos, bundle.card, learner, test)
    return bundle


def _load_learner(run: Path, about: Mapping[str, Any]) -> Learner:
    path = run / LEARNER
    if "learner_sha256" not in about or not path.is_file():
        raise RunError(f"{run} holds no finished learner. The command that began it goes on: {about['command']}")
    if file_sha256(path) != about["learner_sha256"]:
        raise RunError(f"{path} is not the learner that the run has made. Fit it again, with --fresh.")
    return load_trusted_learner(path)


def _prepared(request: ExportRequest, about: Mapping[str, Any], config: TrainConfig) -> Prepared:
    data = request.data or Path(about["data"])
    rows = read_split(request.run / MANIFEST, data, config)
    identity, described = about["identity"], describe_data(rows, data, request.note)
    if (described["sha256"], split_digest(rows, data)) != (identity["data_sha256"], identity["split_sha256"]):
        raise RunError(f"{request.run / MANIFEST} is not the split that the run was trained on. Fit it again.")
    training = {key: about[key] for key in NOTED if key in about} | {key: identity[key] for key in DECIDES}
    return Prepared(data, rows, described, training)
