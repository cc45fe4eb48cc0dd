"""A bundle that is there already, measured again on its own test split."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from app.vision.bundle import MANIFEST, NEIGHBOURS, ModelBundle, read_bundle
from app.vision.card import Card
from app.vision.learner import load_verified_learner
from training.config import TrainConfig
from training.data import PhotoRow, data_digest, vocab_of
from training.earlier import sources_seen
from training.errors import DataError, LeakError
from training.evaluate import evaluate
from training.evaluation.harm import harm_figures
from training.evaluation.pages import ensure_places, write_page, write_photo_report
from training.evaluation.summary import summary
from training.network_precision import precision_of
from training.outputs import split_outputs
from training.report import render_report
from training.splitting.leaks import ensure_no_leaks
from training.splitting.manifest import read_manifest
from training.splitting.split import ensure_unchanged, read_rows, read_split, readable_rows


def reevaluate(
    path: Path,
    data: Path,
    labels: Path | None = None,
    *,
    manifest: Path | None = None,
    report: Path | None = None,
    report_photos: Path | None = None,
) -> Card:
    """The bundle's card with the metrics of a new evaluation, which are printed; the bundle stays as it is.

    Raises:
        BundleMissingError, BundleDamagedError, BundleSchemaError: see `read_bundle` and `ModelBundle.verified_file`.
        DataError, LeakError: see `rows_of_test`; or a report cannot be written.
    """
    bundle = read_bundle(path)
    ensure_places(path, report, report_photos)
    rows = rows_of_test(bundle, data, labels, manifest)
    print(f"the test split of {bundle.path.name} is opened again; choose nothing by it, or its figures flatter")
    learner, _ = load_verified_learner(bundle), bundle.verified_file(NEIGHBOURS)
    neighbours = bundle.load_neighbours()
    assert neighbours is not None
    test = split_outputs(learner, rows, bundle.card, neighbours, "evaluate")
    metrics = evaluate(bundle.card, test) | harm_figures(learner, bundle.card, test)
    card = dataclasses.replace(bundle.card, metrics=metrics | precision_of(bundle.card))
    print(summary(card))
    if report:
        write_page(report, render_report(card))
    if report_photos:
        write_photo_report(report_photos, card, learner, test)
    return card


def rows_of_test(
    bundle: ModelBundle, data: Path, labels: Path | None = None, manifest: Path | None = None
) -> list[PhotoRow]:
    """The photos of the bundle's test split: of its manifest, of another one that knows nothing it was trained on, or,
    of a bundle without, those of the sources that its card counts to the test split.

    Raises:
        BundleMissingError, BundleDamagedError: see `ModelBundle.verified_file`.
        DataError: there are none, or they are not as they were.
        LeakError: a test photo of the other manifest belongs to what the bundle was trained on.
    """
    if manifest:
        chosen = _rows_of_another(bundle, data, manifest)
    elif MANIFEST in bundle.card.files:
        chosen = _rows_of_manifest(bundle, data)
    else:
        chosen = _rows_of_sources(bundle.card, data, labels)
    unheard = {*vocab_of(chosen)} - {*bundle.card.vocab}
    if unheard:
        raise DataError(f"{data} has photos of {', '.join(sorted(unheard))}, which {bundle.path.name} does not know.")
    return chosen


def _rows_of_manifest(bundle: ModelBundle, data: Path) -> list[PhotoRow]:
    rows = [row for row in _own_rows(bundle, data) if row.split == "test"]
    ensure_unchanged(rows, bundle.path / MANIFEST, _config(bundle.card).near_duplicate_bits)
    return rows


def _rows_of_another(bundle: ModelBundle, data: Path, manifest: Path) -> list[PhotoRow]:
    config = _config(bundle.card)
    tested = [row for row in read_split(manifest, data, config) if row.split == "test"]
    if MANIFEST in bundle.card.files:
        learned = [row for row in _own_rows(bundle, data) if row.split != "test"]
        ensure_no_leaks([*learned, *tested], config.near_duplicate_bits, f"{manifest} with {bundle.path.name}")
    seen = sources_seen(bundle) | {*bundle.card.data.get("sources", {}).get("valid", ())}
    leaked = {row.source for row in tested} & seen
    if leaked:
        raise LeakError(f"{bundle.path.name} was trained on photos of {', '.join(sorted(leaked))}: no test of it.")
    return tested


def _own_rows(bundle: ModelBundle, data: Path) -> list[PhotoRow]:
    return read_manifest(bundle.verified_file(MANIFEST), data, multi_label=bundle.card.task == "multi_label")


def _config(card: Card) -> TrainConfig:
    return TrainConfig.from_json(card.training.get("config", {}))


def _rows_of_sources(card: Card, data: Path, labels: Path | None) -> list[PhotoRow]:
    rows = readable_rows(read_rows(data, labels, multi_label=card.task == "multi_label"))
    sources = card.data.get("sources", {})
    chosen = [row for row in rows if row.source in set(sources.get("test", ()))]
    if not chosen:
        raise DataError(f"{data} has no photo of the test split of {card.folder_name}. Give the folder it was made of.")
    dealt = {source for split in sources.values() for source in split}
    left_out = sum(row.source not in dealt for row in rows)
    if left_out or card.data.get("sha256") != data_digest(rows, data):
        print(f"note: {data} is not as it was in training; {left_out} photo(s) of sources of no split are left out")
    return chosen
