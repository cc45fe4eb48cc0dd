"""The served model, or the reason why there is none."""

from __future__ import annotations

import dataclasses
import gc
import logging
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import BundleDamagedError, BundleMissingError, BusyError, ModelUnavailableError
from app.inference.model_slot import ModelSlot
from app.inference.network import Ran
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.inference.runtime import Array
from app.vision.bundle import ModelBundle
from app.vision.card import Card
from app.vision.limits import ImageLimits
from tests.fakes import FakeRuntime


def test_a_loaded_model_is_warm_before_it_is_served(predictor: Predictor, runtime: FakeRuntime) -> None:
    slot = ModelSlot(lambda: predictor)
    assert slot.is_loaded
    assert slot.predictor is predictor
    assert len(runtime.batches) == 1


def _missing() -> Predictor:
    raise BundleMissingError("/srv/models/CURRENT cannot be read")


def test_without_a_bundle_the_log_says_why_and_the_client_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="app"):
        slot = ModelSlot(_missing)
    assert "/srv/models/CURRENT" in caplog.text
    assert not slot.is_loaded
    with pytest.raises(ModelUnavailableError) as caught:
        _ = slot.predictor
    assert "/srv" not in str(caught.value)


def test_a_broken_network_is_not_served(card: Card, tmp_path: Path) -> None:
    bundle = ModelBundle(tmp_path, card)
    slot = ModelSlot(
        lambda: Predictor(bundle, NetworkQueue(FakeRuntime([0.0, float("nan"), 1.0]), 1, 1.0), ImageLimits(), 1.0)
    )
    assert not slot.is_loaded


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


def another(card: Card, path: Path, version: str, runtime: FakeRuntime | None = None) -> Predictor:
    bundle = ModelBundle(path, dataclasses.replace(card, version=version))
    return Predictor(bundle, NetworkQueue(runtime or FakeRuntime([0.0, 1.0, 4.0]), 1, 1.0), ImageLimits(), 1.0)


def test_what_has_not_changed_is_not_loaded_again(predictor: Predictor) -> None:
    shelf = Shelf(predictor)
    slot = ModelSlot(shelf.load, shelf.state)
    assert not slot.refresh()
    assert shelf.n_loads == 1


def test_another_bundle_takes_the_place_once_it_is_warm(predictor: Predictor, card: Card, tmp_path: Path) -> None:
    shelf = Shelf(predictor)
    slot = ModelSlot(shelf.load, shelf.state)
    network = FakeRuntime([0.0, 1.0, 4.0])
    shelf.lies = another(card, tmp_path, "8", network)
    assert slot.refresh()
    assert slot.predictor is shelf.lies
    assert len(network.batches) == 1


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
    assert (slot.is_loaded, slot.refused) == (False, "bundle_missing")
    shelf.lies = predictor
    slot.refresh()
    assert (slot.is_loaded, slot.refused) == (True, None)


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


class Mortal(NetworkQueue):
    """Ends when a test says so."""

    def __init__(self) -> None:
        super().__init__(FakeRuntime([0.0, 1.0, 4.0]), 1, 1.0)
        self.is_lost = False


def test_a_network_that_ends_makes_it_unready_until_it_is_loaded_anew(card: Card, tmp_path: Path) -> None:
    networks: list[Mortal] = []

    def load() -> Predictor:
        networks.append(Mortal())
        return Predictor(ModelBundle(tmp_path, card), networks[-1], ImageLimits(), 1.0)

    slot = ModelSlot(load)
    assert slot.ensure_ready() is slot.predictor
    networks[0].is_lost = True
    with pytest.raises(ModelUnavailableError, match="started anew"):
        slot.ensure_ready()
    assert slot.predictor.bundle.card is card  # Pages go on to show what is served.
    assert slot.refresh()
    assert slot.ensure_ready().network is networks[1]
    assert not slot.refresh()


class Occupied(NetworkQueue):
    """Has no time for the warm-up, so often."""

    def __init__(self, n_times: int) -> None:
        super().__init__(FakeRuntime([0.0, 1.0, 4.0]), 1, 1.0)
        self.n_times = n_times

    def run(self, batch: Array, ensure_wanted: Callable[[], None], *, with_layers: bool = False) -> Ran:
        if self.n_times:
            self.n_times -= 1
            raise BusyError("Too many photos are being looked at right now.")
        return super().run(batch, ensure_wanted, with_layers=with_layers)


def test_a_network_that_is_busy_at_first_is_tried_again_and_again(
    card: Card, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    network = Occupied(n_times=3)
    slot = ModelSlot(lambda: Predictor(ModelBundle(tmp_path, card), network, ImageLimits(), 1.0))
    assert (slot.is_loaded, slot.refused) == (False, "busy")
    assert [slot.refresh() for _ in range(4)] == [True, True, True, False]
    assert (slot.is_loaded, slot.refused) == (True, None)
    assert caplog.text.count("no model is served: Too many") == 1


def test_a_promoted_bundle_whose_network_is_busy_is_served_a_little_later(
    predictor: Predictor, card: Card, tmp_path: Path
) -> None:
    shelf = Shelf(predictor)
    slot = ModelSlot(shelf.load, shelf.state)
    shelf.lies = Predictor(ModelBundle(tmp_path, card), Occupied(n_times=1), ImageLimits(), 1.0)
    slot.refresh()
    assert slot.predictor is predictor
    slot.refresh()
    assert slot.predictor is shelf.lies


def test_a_network_that_has_ended_and_cannot_be_loaded_is_not_said_to_be_served(
    card: Card, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    network = Mortal()
    shelf = Shelf(Predictor(ModelBundle(tmp_path, card), network, ImageLimits(), 1.0))
    slot = ModelSlot(shelf.load, shelf.state)
    network.is_lost = True
    shelf.lies = BundleDamagedError("learner.pkl is not the file its card names")
    slot.refresh()
    assert "the network has ended and cannot be loaded anew: learner.pkl" in caplog.text
    assert "served on" not in caplog.text
