"""A bundle that is there already, measured again on its own test split."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from app.vision.bundle import NEIGHBOURS, read_bundle
from app.vision.card import Card
from app.vision.learner import load_verified_learner
from training.data import PhotoRow, data_digest, vocab_of
from training.errors import DataError
from training.evaluate import evaluate
from training.evaluation.harm import harm_figures
from training.evaluation.pages import ensure_places, write_page, write_photo_report
from training.evaluation.summary import summary
from training.outputs import split_outputs
from training.prepare import read_rows, readable_rows
from training.report import render_report


def reevaluate(
    path: Path,
    data: Path,
    labels: Path | None = None,
    *,
    report: Path | None = None,
    report_photos: Path | None = None,
) -> Card:
    """The bundle's card with the metrics of a new evaluation, which are printed; the bundle stays as it is.

    Raises:
        BundleMissingError, BundleDamagedError, BundleSchemaError: see `read_bundle` and `ModelBundle.verified_file`.
        DataError: none of the photos is of its test split, or a report cannot be written.
    """
    bundle = read_bundle(path)
    ensure_places(path, report, report_photos)
    rows = rows_of_test(bundle.card, data, labels)
    print(f"the test split of {bundle.path.name} is opened again; choose nothing by it, or its figures flatter")
    learner, _ = load_verified_learner(bundle), bundle.verified_file(NEIGHBOURS)
    neighbours = bundle.load_neighbours()
    assert neighbours is not None
    test = split_outputs(learner, rows, bundle.card, neighbours, "evaluate")
    metrics = evaluate(bundle.card, test) | harm_figures(learner, bundle.card, test)
    card = dataclasses.replace(bundle.card, metrics=metrics)
    print(summary(card))
    if report:
        write_page(report, render_report(card))
    if report_photos:
        write_photo_report(report_photos, card, learner, test)
    return card


def rows_of_test(card: Card, data: Path, labels: Path | None = None) -> list[PhotoRow]:
    """The photos of the sources that the card counts to its test split.

    Raises:
        DataError: there are none.
    """
    rows = readable_rows(read_rows(data, labels, multi_label=card.task == "multi_label"))
    sources = card.data.get("sources", {})
    chosen = [row for row in rows if row.group in set(sources.get("test", ()))]
    if not chosen:
        raise DataError(f"{data} has no photo of the test split of {card.folder_name}. Give the folder it was made of.")
    dealt = {source for split in sources.values() for source in split}
    left_out = sum(row.group not in dealt for row in rows)
    if left_out or card.data.get("sha256") != data_digest(rows, data):
        print(f"note: {data} is not as it was in training; {left_out} photo(s) of sources of no split are left out")
    unheard = {*vocab_of(chosen)} - {*card.vocab}
    if unheard:
        raise DataError(f"{data} has photos of {', '.join(sorted(unheard))}, which {card.folder_name} does not know.")
    return chosen
