"""The served model, or the reason why there is none."""

from __future__ import annotations

import dataclasses
import gc
import logging
import weakref
from pathlib import Path

import pytest

from app.errors import BundleDamagedError, BundleMissingError, ModelUnavailableError
from app.inference.model_slot import ModelSlot
from app.inference.predictor import Predictor
from app.vision.bundle import ModelBundle
from app.vision.card import Card
from app.vision.limits import ImageLimits
from tests.fakes import FakeRuntime


def test_a_loaded_model_is_warm_before_it_is_served(predictor: Predictor, runtime: FakeRuntime) -> None:
    slot = ModelSlot(lambda: predictor)
    assert slot.is_ready
    assert slot.predictor is predictor
    assert len(runtime.batches) == 1


def _missing() -> Predictor:
    raise BundleMissingError("/srv/models/CURRENT cannot be read")


def test_without_a_bundle_the_log_says_why_and_the_client_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="app"):
        slot = ModelSlot(_missing)
    assert "/srv/models/CURRENT" in caplog.text
    assert not slot.is_ready
    with pytest.raises(ModelUnavailableError) as caught:
        _ = slot.predictor
    assert "/srv" not in str(caught.value)


def test_a_broken_network_is_not_served(card: Card, tmp_path: Path) -> None:
    bundle = ModelBundle(tmp_path, card)
    slot = ModelSlot(lambda: Predictor(bundle, FakeRuntime([0.0, float("nan"), 1.0]), ImageLimits(), 1, 1.0))
    assert not slot.is_ready


def test_a_bug_is_not_taken_for_a_broken_bundle() -> None:
    def buggy() -> Predictor:
        raise AssertionError("a bug")

    with pytest.raises(AssertionError, match="a bug"):
        ModelSlot(buggy)


class Shelf:
    """Gives a slot the predictor, or the error, that lies on it; `n_loads` counts."""

    def __init__(self, lies: Predictor | Exception) -> None:
        self.lies = lies
        self.n_loads = 0

    def load(self) -> Predictor:
        self.n_loads += 1
        if isinstance(self.lies, Exception):
            raise self.lies
        return self.lies

    def state(self) -> object:
        return id(self.lies)


def another(card: Card, path: Path, version: str) -> Predictor:
    bundle = ModelBundle(path, dataclasses.replace(card, version=version))
    return Predictor(bundle, FakeRuntime([0.0, 1.0, 4.0]), ImageLimits(), 1, 1.0)


def test_what_has_not_changed_is_not_loaded_again(predictor: Predictor) -> None:
    shelf = Shelf(predictor)
    slot = ModelSlot(shelf.load, shelf.state)
    assert not slot.refresh()
    assert shelf.n_loads == 1


def test_another_bundle_takes_the_place_once_it_is_warm(predictor: Predictor, card: Card, tmp_path: Path) -> None:
    shelf = Shelf(predictor)
    slot = ModelSlot(shelf.load, shelf.state)
    shelf.lies = another(card, tmp_path, "8")
    assert slot.refresh()
    assert slot.predictor is shelf.lies
    assert len(shelf.lies.runtime.batches) == 1  # type: ignore[attr-defined]


def test_a_broken_one_is_refused_and_the_old_one_stays(predictor: Predictor, caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf(predictor)
    slot = ModelSlot(shelf.load, shelf.state)
    for _ in range(2):
        shelf.lies = BundleDamagedError("model.onnx of bundle parks-8 is not the file its card names")
        slot.refresh()
    assert slot.predictor is predictor
    assert slot.refused == "bundle_damaged"
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert told == ["parks-7 is served on, the new bundle is refused: " + str(shelf.lies)]


def test_a_good_one_after_a_broken_one_is_served(predictor: Predictor, card: Card, tmp_path: Path) -> None:
    shelf = Shelf(BundleMissingError("no CURRENT"))
    slot = ModelSlot(shelf.load, shelf.state)
    assert (slot.is_ready, slot.refused) == (False, "bundle_missing")
    shelf.lies = predictor
    slot.refresh()
    assert (slot.is_ready, slot.refused) == (True, None)


def test_a_bug_while_loading_keeps_what_is_served(predictor: Predictor) -> None:
    shelf = Shelf(predictor)
    slot = ModelSlot(shelf.load, shelf.state)
    shelf.lies = MemoryError()
    with pytest.raises(MemoryError):
        slot.refresh()
    assert slot.predictor is predictor
    assert slot.refused == "internal_error"


def test_who_has_taken_the_old_one_goes_on_with_it_and_frees_it(card: Card, tmp_path: Path, photo: bytes) -> None:
    shelf = Shelf(another(card, tmp_path, "7"))
    slot = ModelSlot(shelf.load, shelf.state)
    taken = slot.predictor
    shelf.lies = another(card, tmp_path, "8")
    slot.refresh()
    assert taken.predict(photo).classification.labels == ("yosemite",)
    freed = weakref.ref(taken)
    del taken
    gc.collect()
    assert freed() is None
