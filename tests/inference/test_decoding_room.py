"""Photos are decoded at once as long as there is room for all of them."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import Queue

import pytest
from PIL import Image

from app.errors import BusyError
from app.inference.decoding_room import DecodingRoom
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import PhotoResult, Predictor
from app.vision.bundle import ModelBundle
from app.vision.card import Card
from app.vision.image_io import UndecodedPhoto, open_header
from app.vision.limits import ImageLimits
from tests.fakes import FakeRuntime

DEADLINE_S = 20.0  # Far above what any of this takes: a test that hangs fails instead.
AT_ONCE = 0.01


@pytest.mark.parametrize(("n_bytes", "fits"), [(39, True), (40, True), (41, False)])
def test_there_is_room_up_to_the_last_byte(n_bytes: int, fits: bool) -> None:
    room = DecodingRoom(100, AT_ONCE)
    with room.taken(60):
        if fits:
            with room.taken(n_bytes):
                pass
        else:
            with pytest.raises(BusyError, match="Try again"), room.taken(n_bytes):
                pytest.fail("it is full")


def test_what_is_larger_than_the_room_has_it_alone() -> None:
    room = DecodingRoom(100, AT_ONCE)
    with room.taken(5000), pytest.raises(BusyError), room.taken(1):
        pytest.fail("it is full")
    with room.taken(1), pytest.raises(BusyError), room.taken(5000):
        pytest.fail("it is not empty")


def test_room_is_given_back_by_what_is_done_and_by_what_failed() -> None:
    room = DecodingRoom(100, AT_ONCE)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), room.taken(100):
            raise ZeroDivisionError
    with room.taken(100), pytest.raises(BusyError), room.taken(1):
        pytest.fail("it is full")
    with room.taken(100):
        pass


def test_who_waits_comes_in_when_there_is_room() -> None:
    room, entered = DecodingRoom(100, DEADLINE_S), Queue[int]()

    def enter(number: int) -> None:
        with room.taken(50):
            entered.put(number)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(4)]
    with room.taken(60):
        for thread in threads:
            thread.start()
        assert entered.empty()
    assert {entered.get(timeout=DEADLINE_S) for _ in threads} == {0, 1, 2, 3}
    for thread in threads:
        thread.join(DEADLINE_S)


def test_a_photo_has_its_room_while_it_is_decoded_and_no_longer(
    predictor: Predictor, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor._room = room = DecodingRoom(open_header(photo).cost_bytes, AT_ONCE)
    decode, seen = UndecodedPhoto.decode, []

    def watched(undecoded: UndecodedPhoto) -> Image.Image:
        with pytest.raises(BusyError), room.taken(1):
            pytest.fail("it is full")
        seen.append(undecoded)
        return decode(undecoded)

    monkeypatch.setattr(UndecodedPhoto, "decode", watched)
    predictor.predict(photo)
    assert seen
    with room.taken(open_header(photo).cost_bytes):
        pass


def test_waiting_for_room_is_no_decoding(card: Card, tmp_path: Path, photo: bytes) -> None:
    predictor = Predictor(
        ModelBundle(tmp_path, card),
        NetworkQueue(FakeRuntime([0.0, 1.0, 4.0]), 4, DEADLINE_S),
        ImageLimits(),
        DEADLINE_S,
    )
    answers, held = Queue[PhotoResult](), predictor._room.taken(1_000_000_000)
    with held:
        thread = threading.Thread(target=lambda: answers.put(predictor.predict(photo)))
        thread.start()
        thread.join(0.2)
    timing = answers.get(timeout=DEADLINE_S).timing_ms
    thread.join(DEADLINE_S)
    assert timing.queue >= 150 and timing.decode < timing.queue


def test_a_photo_without_room_is_busy(card: Card, tmp_path: Path, photo: bytes) -> None:
    bundle, runtime = ModelBundle(tmp_path, card), FakeRuntime([0.0, 1.0, 4.0])
    predictor = Predictor(
        bundle, NetworkQueue(runtime, 4, AT_ONCE), ImageLimits(), AT_ONCE, max_decoding_bytes=50_000_000
    )
    with predictor._room.taken(50_000_000), pytest.raises(BusyError, match="large photos"):
        predictor.predict(photo)
    assert predictor.predict(photo).classification.verdict == "match"
