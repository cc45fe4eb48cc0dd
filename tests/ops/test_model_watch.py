"""The thread that looks whether another bundle is to be served."""

from __future__ import annotations

import gc
import logging
import threading
from pathlib import Path

import pytest

from app.errors import BundleDamagedError
from app.inference.model_slot import ModelSlot
from app.inference.predictor import Predictor
from app.ops import model_watch
from app.ops.metrics.catalogue import LOADS, MODEL, REFUSED_BUNDLE, Metric
from app.ops.metrics.exposition import summed
from app.ops.metrics.tally import Tally
from app.ops.model_watch import ModelWatch, count_load
from app.vision.card import Card
from tests.inference.test_model_slot import Shelf, another


@pytest.fixture
def shelf(predictor: Predictor) -> Shelf:
    return Shelf(predictor)


@pytest.fixture
def slot(shelf: Shelf) -> ModelSlot:
    return ModelSlot(shelf.load, shelf.state)


def test_each_change_is_told_with_its_outcome(shelf: Shelf, slot: ModelSlot, card: Card, tmp_path: Path) -> None:
    told: list[str] = []
    watch = ModelWatch(slot, 1.0, lambda: told.append(slot.refused or "ok"))
    watch.look()
    for lies in (BundleDamagedError("broken"), another(card, tmp_path, "8"), MemoryError()):
        shelf.lies = lies
        watch.look()
        watch.look()
    assert told == ["bundle_damaged", "ok", "internal_error"]


def test_what_no_bundle_should_cause_is_logged_and_ends_nothing(
    shelf: Shelf, slot: ModelSlot, predictor: Predictor, caplog: pytest.LogCaptureFixture
) -> None:
    watch = ModelWatch(slot, 1.0)
    shelf.lies = ZeroDivisionError("a bug")
    watch.look()
    assert "the new bundle cannot be loaded" in caplog.text and "a bug" in caplog.text
    assert slot.predictor is predictor


def test_memory_is_given_back_once_the_old_model_is_held_by_nobody(
    slot: ModelSlot, shelf: Shelf, card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trimmed: list[bool] = []
    monkeypatch.setattr(model_watch, "trim_memory", lambda: trimmed.append(True))
    shelf.lies = another(card, tmp_path, "8")
    watch = ModelWatch(slot, 1.0)
    watch.look()
    taken = slot.predictor
    shelf.lies = another(card, tmp_path, "9")
    watch.look()
    n_while_taken = len(trimmed)
    del taken
    gc.collect()
    watch.look()
    watch.look()
    assert len(trimmed) == n_while_taken + 1


def test_it_looks_again_and_again_until_it_is_stopped(
    slot: ModelSlot, shelf: Shelf, card: Card, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="app")
    changed = threading.Event()
    watch = ModelWatch(slot, 0.001, changed.set)
    watch.start()
    for version in ("8", "9"):
        changed.clear()
        shelf.lies = another(card, tmp_path, version)
        assert changed.wait(10)
    watch.stop()
    assert slot.predictor.bundle.card.version == "9"


def test_metrics_show_what_is_served_and_what_is_refused(
    shelf: Shelf, slot: ModelSlot, card: Card, tmp_path: Path
) -> None:
    tally = Tally()
    shown = []
    for lies in (shelf.lies, BundleDamagedError("broken"), another(card, tmp_path, "8")):
        shelf.lies = lies
        slot.refresh()
        count_load(tally, slot)
        sums = summed(tally.regions())
        shown.append(
            [{key for key, [n] in sums.get(metric.name, {}).items() if n} for metric in (MODEL, REFUSED_BUNDLE)]
        )
    seven, eight = ("parks", "7", "fake"), ("parks", "8", "fake")
    assert shown == [[{seven}, set()], [{seven}, {("bundle_damaged",)}], [{eight}, set()]]
    assert summed(tally.regions())[LOADS.name] == {("ok",): [2.0], ("bundle_damaged",): [1.0]}


def shown_by(tally: Tally, gauge: Metric) -> set[tuple[str, ...]]:
    return {labels for labels, [n] in summed(tally.regions()).get(gauge.name, {}).items() if n}
