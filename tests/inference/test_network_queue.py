"""Batches: which photos are in one, and what becomes of each of them."""

from __future__ import annotations

import threading
import time
from queue import Queue

import numpy as np
import pytest

from app.errors import BusyError, ClientGoneError
from app.inference.network import Ran
from app.inference.network_queue import NetworkQueue
from app.inference.runtime import Array, NetworkOutput, OutOfDeviceMemoryError
from tests.fakes import FakeRuntime

DEADLINE_S = 20.0


class Device(FakeRuntime):
    """Takes batches up to its size, no more than `room` photos; each waits until it is let through.

    A photo's logits are its first pixel, so that nobody gets a neighbour's.
    """

    def __init__(self, max_batch: int, parallel: int = 1, room: int = 1_000) -> None:
        super().__init__([0.0])
        self.max_batch, self.parallel, self.room = max_batch, parallel, room
        self.entered: Queue[int] = Queue()
        self.let_through = threading.Semaphore(0)

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        self.entered.put(len(batch))
        assert self.let_through.acquire(timeout=DEADLINE_S)
        if len(batch) > self.room:
            raise OutOfDeviceMemoryError
        output = super().run(batch, with_layers=with_layers)
        return NetworkOutput(batch[:, 0, 0, :1], output.embedding, output.evidence, output.layers)


class Crowd:
    """Threads that each bring the photo of a number; `found` gives number and outcome, as they come."""

    def __init__(self, queue: NetworkQueue) -> None:
        self._queue, self.found = queue, Queue[tuple[int, Ran | Exception]]()

    def bring(self, number: int, unwanted: Exception | None = None, *, with_layers: bool = False) -> None:
        """Brings a photo and waits until it is in the queue or in the network."""
        asked = threading.Event()
        threading.Thread(target=self._run, args=(number, unwanted, with_layers, asked), daemon=True).start()
        assert asked.wait(DEADLINE_S)

    def _run(self, number: int, unwanted: Exception | None, with_layers: bool, asked: threading.Event) -> None:
        def ensure_wanted() -> None:
            if unwanted is not None:
                raise unwanted

        batch = np.full((1, 3, 2, 2), number, dtype=np.float32)
        asked.set()
        try:
            self.found.put((number, self._queue.run(batch, ensure_wanted, with_layers=with_layers)))
        except Exception as error:
            self.found.put((number, error))

    def outcomes(self, n: int) -> dict[int, Ran | Exception]:
        return dict(self.found.get(timeout=DEADLINE_S) for _ in range(n))


def wait_for_queue(queue: NetworkQueue, n: int) -> None:
    """Until so many wait. The queue tells nobody of who comes, so this asks."""
    deadline = time.monotonic() + DEADLINE_S
    while len(queue._waiting) < n:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def let_gather(queue: NetworkQueue, device: Device, crowd: Crowd, n: int) -> None:
    """Photo 0 is in the network, photos 1 to n wait behind it."""
    crowd.bring(0)
    assert device.entered.get(timeout=DEADLINE_S) == 1
    for number in range(1, n + 1):
        crowd.bring(number)
    wait_for_queue(queue, n)


def test_a_photo_that_finds_the_network_idle_goes_alone() -> None:
    device = Device(max_batch=8)
    device.let_through.release()
    queue = NetworkQueue(device, max_waiting=4, max_wait_s=DEADLINE_S)
    queue.run(np.zeros((1, 3, 2, 2), np.float32), lambda: None)
    assert device.entered.get_nowait() == 1


def test_what_gathers_behind_a_batch_is_the_next_batch_and_each_gets_its_own_output() -> None:
    device = Device(max_batch=8)
    queue = NetworkQueue(device, max_waiting=8, max_wait_s=DEADLINE_S)
    crowd = Crowd(queue)
    let_gather(queue, device, crowd, 5)
    device.let_through.release(2)
    for number, found in crowd.outcomes(6).items():
        assert isinstance(found, Ran)
        assert found.output.logits.tolist() == [[number]]
    assert device.entered.get(timeout=DEADLINE_S) == 5


def test_photos_with_their_layers_go_through_the_network_apart_from_those_without() -> None:
    device = Device(max_batch=8)
    queue = NetworkQueue(device, max_waiting=8, max_wait_s=DEADLINE_S)
    crowd = Crowd(queue)
    crowd.bring(0)
    assert device.entered.get(timeout=DEADLINE_S) == 1
    for number, with_layers in enumerate([False, False, True, True, True, False], start=1):
        crowd.bring(number, with_layers=with_layers)
        wait_for_queue(queue, number)  # In this order.
    device.let_through.release(4)
    found = crowd.outcomes(7)
    assert [device.entered.get(timeout=DEADLINE_S) for _ in range(3)] == [2, 3, 1]
    outputs = [outcome.output for _, outcome in sorted(found.items()) if isinstance(outcome, Ran)]
    assert [output.logits.item() for output in outputs] == list(range(7))
    assert [bool(output.layers) for output in outputs] == [False, False, False, True, True, True, False]


def test_a_batch_is_never_larger_than_the_devices() -> None:
    device = Device(max_batch=2)
    queue = NetworkQueue(device, max_waiting=8, max_wait_s=DEADLINE_S)
    crowd = Crowd(queue)
    let_gather(queue, device, crowd, 5)
    device.let_through.release(4)
    assert all(isinstance(found, Ran) for found in crowd.outcomes(6).values())
    assert [device.entered.get(timeout=DEADLINE_S) for _ in range(3)] == [2, 2, 1]


def test_as_many_batches_run_at_once_as_the_runtime_says() -> None:
    device = Device(max_batch=1, parallel=2)
    queue = NetworkQueue(device, max_waiting=8, max_wait_s=DEADLINE_S)
    crowd = Crowd(queue)
    for number in range(3):
        crowd.bring(number)
    assert [device.entered.get(timeout=DEADLINE_S) for _ in range(2)] == [1, 1]
    assert device.entered.empty()
    device.let_through.release(3)
    assert len(crowd.outcomes(3)) == 3


def test_a_photo_nobody_wants_any_more_is_left_out_and_its_neighbours_are_not() -> None:
    device = Device(max_batch=8)
    queue = NetworkQueue(device, max_waiting=8, max_wait_s=DEADLINE_S)
    crowd = Crowd(queue)
    let_gather(queue, device, crowd, 1)
    crowd.bring(7, unwanted=ClientGoneError("gone"))
    wait_for_queue(queue, 2)
    device.let_through.release(2)
    outcomes = crowd.outcomes(3)
    assert isinstance(outcomes[7], ClientGoneError)
    assert isinstance(outcomes[1], Ran)
    assert device.entered.get(timeout=DEADLINE_S) == 1


def test_no_memory_for_a_batch_halves_it_and_all_are_answered(caplog: pytest.LogCaptureFixture) -> None:
    device = Device(max_batch=8, room=2)
    queue = NetworkQueue(device, max_waiting=8, max_wait_s=DEADLINE_S)
    crowd = Crowd(queue)
    let_gather(queue, device, crowd, 5)
    device.let_through.release(10)
    for number, found in crowd.outcomes(6).items():
        assert isinstance(found, Ran)
        assert found.output.logits.tolist() == [[number]]
    assert [device.entered.get(timeout=DEADLINE_S) for _ in range(4)] == [5, 2, 2, 1]
    assert "at most 2 from now on" in caplog.text


def test_no_memory_for_a_single_photo_is_busy() -> None:
    device = Device(max_batch=8, room=0)
    device.let_through.release()
    with pytest.raises(BusyError, match="memory"):
        NetworkQueue(device, max_waiting=1, max_wait_s=DEADLINE_S).run(np.zeros((1, 3, 2, 2), np.float32), lambda: None)


def test_who_waits_too_long_leaves_the_queue_and_the_rest_stays() -> None:
    device = Device(max_batch=1)
    queue = NetworkQueue(device, max_waiting=8, max_wait_s=0.05)
    crowd = Crowd(queue)
    crowd.bring(0)
    assert device.entered.get(timeout=DEADLINE_S) == 1
    with pytest.raises(BusyError, match="waited too long"):
        queue.run(np.zeros((1, 3, 2, 2), np.float32), lambda: None)
    assert not queue._waiting
    device.let_through.release()
    assert isinstance(crowd.outcomes(1)[0], Ran)
