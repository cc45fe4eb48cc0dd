"""One photo all the way, and what happens when many come at once."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import numpy as np
import pytest
from PIL import Image

from app.errors import BundleDamagedError, BusyError, DamagedImageError, TooManyPixelsError, UnsupportedImageError
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import PhotoResult, Predictor
from app.inference.runtime import Array, NetworkOutput
from app.vision.bundle import NEIGHBOURS, ModelBundle, read_bundle, write_card
from app.vision.card import Card, Thresholds
from app.vision.limits import ImageLimits
from app.vision.preprocess import fit_image, to_batch
from tests.fakes import FakeRuntime
from tests.photos import draw_quadrants, draw_scene, encode

DEADLINE_S = 20.0  # Far above what any of this takes: a test that hangs fails instead.
LOGITS = [0.0, 1.0, 4.0]


class GatedRuntime(FakeRuntime):
    """Says that it was entered, then waits until its gate is open; one at a time, or it says so."""

    def __init__(self, logits: list[float]) -> None:
        super().__init__(logits)
        self.entered, self.gate = threading.Event(), threading.Event()
        self.shared = False
        self._inside = threading.Lock()

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        if not self._inside.acquire(blocking=False):
            self.shared = True
            raise RuntimeError("two photos are in the network at once")
        try:
            self.entered.set()
            assert self.gate.wait(DEADLINE_S)
            return super().run(batch, with_layers=with_layers)
        finally:
            self._inside.release()


class RaisingRuntime(FakeRuntime):
    """Fails as often as it is told to, then answers."""

    def __init__(self, logits: list[float], failures: int) -> None:
        super().__init__(logits)
        self.failures = failures

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("out of memory")
        return super().run(batch, with_layers=with_layers)


@pytest.fixture
def gated() -> Iterator[GatedRuntime]:
    runtime = GatedRuntime(LOGITS)
    yield runtime
    runtime.gate.set()


@pytest.fixture
def make(card: Card, tmp_path: Path) -> Callable[..., Predictor]:
    def _make(runtime: FakeRuntime, max_waiting: int = 4, max_wait_s: float = DEADLINE_S) -> Predictor:
        limits = ImageLimits(max_image_px=1_000_000)
        return Predictor(
            ModelBundle(tmp_path, card), NetworkQueue(runtime, max_waiting, max_wait_s), limits, max_wait_s
        )

    return _make


class Crowd:
    """Threads that each ask for one prediction; `answers` gives what they got, as it comes."""

    def __init__(self, predictor: Predictor, photo: bytes) -> None:
        self._predictor, self._photo = predictor, photo
        self._answers: Queue[PhotoResult | BusyError] = Queue()
        self._threads: list[threading.Thread] = []

    def ask(self, times: int = 1) -> None:
        for _ in range(times):
            self._threads.append(threading.Thread(target=self._ask, daemon=True))
            self._threads[-1].start()

    def _ask(self) -> None:
        try:
            self._answers.put(self._predictor.predict(self._photo))
        except BusyError as error:
            self._answers.put(error)

    def answers(self, n: int) -> list[PhotoResult | BusyError]:
        return [self._answers.get(timeout=DEADLINE_S) for _ in range(n)]

    def leave(self) -> None:
        for thread in self._threads:
            thread.join(DEADLINE_S)
            assert not thread.is_alive()
        assert self._answers.empty()


def test_a_photo_is_decoded_fitted_and_classified(predictor: Predictor, runtime: FakeRuntime, card: Card) -> None:
    photo = draw_scene()
    result = predictor.predict(encode(photo, "PNG"))
    assert (result.classification.verdict, result.classification.labels) == ("match", ("yosemite",))
    expected = to_batch([fit_image(photo, card.preprocess)], card.preprocess)
    np.testing.assert_array_equal(runtime.batches[0], expected)
    assert result.image.size == photo.size
    assert result.evidence.shape == (3, 2, 3)


def test_the_result_holds_the_photo_upright(predictor: Predictor) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert predictor.predict(encode(draw_quadrants((80, 60)), exif=exif)).image.size == (60, 80)


def test_a_jpeg_is_decoded_at_the_bundles_scale(predictor: Predictor) -> None:
    assert predictor.predict(encode(draw_quadrants((800, 600)))).image.size == (100, 75)


def test_every_prediction_has_an_id_of_its_own(predictor: Predictor, photo: bytes) -> None:
    assert len({predictor.predict(photo).prediction_id for _ in range(5)}) == 5


def test_times_are_not_negative(predictor: Predictor, photo: bytes) -> None:
    timing = predictor.predict(photo).timing_ms
    assert min(dataclasses.astuple(timing)) >= 0


@pytest.mark.parametrize(
    ("file", "error"),
    [
        (b"text", UnsupportedImageError),
        (encode(draw_scene())[:500], DamagedImageError),
        (encode(Image.new("RGB", (1001, 1000)), "PNG"), TooManyPixelsError),
    ],
)
def test_a_photo_that_does_not_open_never_reaches_the_network(
    predictor: Predictor, runtime: FakeRuntime, file: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        predictor.predict(file)
    assert runtime.batches == []


def test_neighbours_of_the_bundle_decide_what_is_far(tmp_path: Path, card: Card, photo: bytes) -> None:
    np.savez(tmp_path / NEIGHBOURS, embedding=-np.full((2, 4), 0.5, dtype=np.float32))
    write_card(tmp_path, dataclasses.replace(card, thresholds=Thresholds((0.8,) * 3, max_distance=0.5)))
    predictor = Predictor(read_bundle(tmp_path), NetworkQueue(FakeRuntime(LOGITS), 0, 1.0), ImageLimits(), 1.0)
    assert predictor.predict(photo).classification.verdict == "unknown"


@pytest.mark.parametrize("max_waiting", [0, 1, 3])
def test_as_many_wait_as_max_waiting_and_one_more_is_refused_at_once(
    make: Callable[..., Predictor], gated: GatedRuntime, photo: bytes, max_waiting: int
) -> None:
    crowd = Crowd(make(gated, max_waiting), photo)
    crowd.ask()
    assert gated.entered.wait(DEADLINE_S)
    crowd.ask(max_waiting + 1)
    [refused] = crowd.answers(1)  # While the network is still busy with the first.
    assert isinstance(refused, BusyError)
    assert not gated.gate.is_set()
    gated.gate.set()
    assert all(isinstance(answer, PhotoResult) for answer in crowd.answers(1 + max_waiting))
    crowd.leave()
    assert not gated.shared


def test_no_more_than_max_waiting_are_all_served(
    make: Callable[..., Predictor], gated: GatedRuntime, photo: bytes
) -> None:
    crowd = Crowd(make(gated, max_waiting=3), photo)
    crowd.ask()
    assert gated.entered.wait(DEADLINE_S)
    crowd.ask(3)
    gated.gate.set()
    assert all(isinstance(answer, PhotoResult) for answer in crowd.answers(4))
    crowd.leave()
    assert not gated.shared


def test_who_waits_longer_than_max_wait_s_is_told_busy(
    make: Callable[..., Predictor], gated: GatedRuntime, photo: bytes
) -> None:
    predictor = make(gated, max_wait_s=0.01)
    crowd = Crowd(predictor, photo)
    crowd.ask()
    assert gated.entered.wait(DEADLINE_S)
    with pytest.raises(BusyError, match="waited too long"):
        predictor.predict(photo)
    gated.gate.set()
    [first] = crowd.answers(1)
    assert isinstance(first, PhotoResult)
    crowd.leave()


def test_who_gave_up_waiting_no_longer_counts(
    make: Callable[..., Predictor], gated: GatedRuntime, photo: bytes
) -> None:
    predictor = make(gated, max_waiting=1, max_wait_s=0.01)
    crowd = Crowd(predictor, photo)
    crowd.ask()
    assert gated.entered.wait(DEADLINE_S)
    for _ in range(3):
        with pytest.raises(BusyError, match="waited too long"):
            predictor.predict(photo)
    gated.gate.set()
    crowd.answers(1)
    crowd.leave()
    assert predictor.predict(photo).classification.verdict == "match"


def test_a_failure_of_the_network_gives_its_turn_back(make: Callable[..., Predictor], photo: bytes) -> None:
    predictor = make(RaisingRuntime(LOGITS, failures=3), max_waiting=0, max_wait_s=0.01)
    for _ in range(3):
        with pytest.raises(RuntimeError, match="out of memory"):
            predictor.predict(photo)
    assert predictor.predict(photo).classification.verdict == "match"


def test_a_photo_that_does_not_open_waits_for_nobody(make: Callable[..., Predictor], gated: GatedRuntime) -> None:
    predictor = make(gated, max_waiting=0)
    crowd = Crowd(predictor, encode(draw_scene()))
    crowd.ask()
    assert gated.entered.wait(DEADLINE_S)
    with pytest.raises(UnsupportedImageError):
        predictor.predict(b"text")
    gated.gate.set()
    crowd.answers(1)
    crowd.leave()


def test_the_warm_up_is_one_prediction_of_the_real_shape(predictor: Predictor, runtime: FakeRuntime) -> None:
    predictor.warm_up()
    assert [batch.shape for batch in runtime.batches] == [(1, 3, 32, 32)]


@pytest.mark.parametrize("logits", [[0.0, 1.0], [0.0] * 4, [0.0, float("nan"), 1.0], [0.0, float("inf"), 1.0]])
def test_a_network_that_does_not_fit_its_card_is_damaged(make: Callable[..., Predictor], logits: list[float]) -> None:
    with pytest.raises(BundleDamagedError, match="logits"):
        make(FakeRuntime(logits)).warm_up()


def test_neighbours_of_another_width_are_damage_that_the_warm_up_finds(tmp_path: Path, card: Card) -> None:
    np.savez(tmp_path / NEIGHBOURS, embedding=np.ones((2, 5), dtype=np.float32))
    write_card(tmp_path, dataclasses.replace(card, thresholds=Thresholds((0.8,) * 3, max_distance=0.5)))
    predictor = Predictor(read_bundle(tmp_path), NetworkQueue(FakeRuntime(LOGITS), 0, 1.0), ImageLimits(), 1.0)
    with pytest.raises(BundleDamagedError, match="neighbours"):
        predictor.warm_up()


def test_a_network_that_does_not_give_the_golden_outputs_is_damaged(card: Card, tmp_path: Path) -> None:
    kept = dataclasses.replace(card, golden=tuple(LOGITS))
    Predictor(ModelBundle(tmp_path, kept), NetworkQueue(FakeRuntime(LOGITS), 0, 1.0), ImageLimits(), 1.0).warm_up()
    other = [LOGITS[0] + 0.1, *LOGITS[1:]]
    with pytest.raises(BundleDamagedError, match="golden"):
        Predictor(ModelBundle(tmp_path, kept), NetworkQueue(FakeRuntime(other), 0, 1.0), ImageLimits(), 1.0).warm_up()
