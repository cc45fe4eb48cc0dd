"""Workers and the owner of their network, over a real socket; the network is a stand-in."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import Queue
from select import select
from socket import AF_UNIX, SHUT_RDWR, socket
from typing import Any

import numpy as np
import pytest

from app.errors import BundleDamagedError, BusyError, ClientGoneError, ModelUnavailableError
from app.inference.network import Ran
from app.inference.runtime import Array, NetworkOutput, OutOfDeviceMemoryError
from app.owner import client
from app.owner.client import OwnedNetwork
from app.owner.served import Offer, Owner
from app.owner.wire import receive, send, share_room, take_room
from tests.fakes import FakeRuntime

DEADLINE_S = 20.0
AT_ONCE = 0.05


class Device(FakeRuntime):
    """Gives each photo its first pixel as its logits; takes nothing through while its gate is shut."""

    max_batch = 8

    def __init__(self) -> None:
        super().__init__([0.0])
        self.entered: Queue[int] = Queue()
        self.gate = threading.Event()
        self.gate.set()
        self.fails_with: Exception | None = None
        self.room = 1_000
        self.n_times = 1  # How much larger its layers are.

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        self.entered.put(len(batch))
        assert self.gate.wait(DEADLINE_S)
        if self.fails_with is not None:
            raise self.fails_with
        if len(batch) > self.room:
            raise OutOfDeviceMemoryError
        output = super().run(batch, with_layers=with_layers)
        layers = {name: maps.repeat(self.n_times, axis=1) for name, maps in output.layers.items()}
        return NetworkOutput(batch[:, 0, 0, :1], output.embedding, output.evidence, layers)


def connected(address: Path) -> socket:
    peer = socket(AF_UNIX)
    try:
        peer.connect(str(address))
    except OSError:
        peer.close()
        raise
    return peer


class House:
    """An owner in a thread of this process; `worker` gives the network as one of its workers has it."""

    def __init__(self, address: Path, offer: Offer, max_idle_s: float) -> None:
        self.address = address
        self.listener = socket(AF_UNIX)
        self.listener.bind(str(address))
        self.listener.listen()
        self.thread = threading.Thread(target=self._serve, args=(Owner(self.listener, offer), max_idle_s), daemon=True)
        self.thread.start()

    @staticmethod
    def _serve(owner: Owner, max_idle_s: float) -> None:
        with suppress(OSError, ValueError):  # The test is over, and the socket closed.
            owner.serve(max_idle_s)

    def connect(self) -> socket:
        peer = connected(self.address)
        peer.settimeout(DEADLINE_S)
        receive(peer)
        return peer

    def worker(self, max_at_once: int = 8, max_s: float = DEADLINE_S) -> OwnedNetwork:
        return OwnedNetwork(self.connect(), self.connect, "a network", max_at_once, max_s)


@contextmanager
def house(tmp_path: Path, offer: Offer, max_idle_s: float = DEADLINE_S) -> Iterator[House]:
    built = House(tmp_path / "owner.socket", offer, max_idle_s)
    with built.listener:
        yield built


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def owner(device: Device, tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, Offer(device)) as built:
        yield built


def photo(number: float) -> Array:
    return np.full((1, 3, 2, 2), number, np.float32)


def wanted() -> None:
    """It is."""


def test_a_worker_gets_what_the_network_gives(owner: House) -> None:
    ran = owner.worker().run(photo(3), wanted)
    expected = Device().run(photo(3))
    for name in ("logits", "embedding", "evidence"):
        np.testing.assert_array_equal(getattr(ran.output, name), getattr(expected, name))
    assert ran.output.layers == {}
    assert ran.began_s <= ran.ended_s


def test_layers_come_by_their_names(owner: House) -> None:
    layers = owner.worker().run(photo(3), wanted, with_layers=True).output.layers
    expected = Device().run(photo(3), with_layers=True).layers
    assert list(layers) == list(expected)
    for name, maps in expected.items():
        np.testing.assert_array_equal(layers[name], maps)


class Sent:
    """Counts the photos that workers have sent; the owner, while its network is busy, has not read them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._photos = threading.Semaphore(0)
        monkeypatch.setattr(client, "send", self._send)

    def _send(self, *message: Any) -> None:
        send(*message)
        self._photos.release()

    def wait_for(self, n: int) -> None:
        for _ in range(n):
            assert self._photos.acquire(timeout=DEADLINE_S)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    return Sent(monkeypatch)


@contextmanager
def gathered(
    owner: House, device: Device, sent: Sent, n: int, *, with_layers: tuple[int, ...] = ()
) -> Iterator[list[Future[Ran]]]:
    """Photo 0 is in the network until this ends, photos 1 to n, each of another worker, have come meanwhile."""
    workers = [worker_with_a_line(owner, device, sent) for _ in range(n + 1)]
    device.gate.clear()
    with ThreadPoolExecutor(n + 1) as pool:
        asked = []
        for number, worker in enumerate(workers):
            run = partial(worker.run, with_layers=number in with_layers)
            asked.append(pool.submit(run, photo(number), wanted))
            sent.wait_for(1)
            if number == 0:
                assert device.entered.get(timeout=DEADLINE_S) == 1
        try:
            yield asked
        finally:
            device.gate.set()


def worker_with_a_line(owner: House, device: Device, sent: Sent) -> OwnedNetwork:
    """Who connects while the network is busy waits until it is not."""
    worker = owner.worker()
    worker.run(photo(0), wanted)
    sent.wait_for(1)
    assert device.entered.get(timeout=DEADLINE_S) == 1
    return worker


def test_photos_of_several_workers_go_through_together_and_each_gets_its_own(
    owner: House, device: Device, sent: Sent
) -> None:
    with gathered(owner, device, sent, 5) as asked:
        pass
    first, *ran = [one.result(DEADLINE_S) for one in asked]
    assert (first.batch_size, first.is_first) == (1, True)
    assert [one.output.logits.item() for one in ran] == [1, 2, 3, 4, 5]
    assert {one.batch_size for one in ran} == {5}
    assert [one.is_first for one in ran] == [True, False, False, False, False]  # So that a batch is counted once.
    assert device.entered.get(timeout=DEADLINE_S) == 5


def test_more_than_a_batch_takes_go_in_the_next(owner: House, device: Device, sent: Sent) -> None:
    with gathered(owner, device, sent, 11) as asked:
        pass
    assert [one.result(DEADLINE_S).output.logits.item() for one in asked] == list(range(12))
    assert [device.entered.get(timeout=DEADLINE_S) for _ in range(2)] == [8, 3]


def test_photos_with_layers_go_apart(owner: House, device: Device, sent: Sent) -> None:
    with gathered(owner, device, sent, 5, with_layers=(3, 4)) as asked:
        pass
    assert [len(one.result(DEADLINE_S).output.layers) for one in asked] == [0, 0, 0, 4, 4, 0]
    assert [device.entered.get(timeout=DEADLINE_S) for _ in range(3)] == [2, 2, 1]


def test_out_of_memory_halves_the_batch_and_goes_on(owner: House, device: Device, sent: Sent) -> None:
    device.room = 2
    with gathered(owner, device, sent, 5) as asked:
        pass
    assert [one.result(DEADLINE_S).output.logits.item() for one in asked] == list(range(6))
    assert [device.entered.get(timeout=DEADLINE_S) for _ in range(4)] == [5, 2, 2, 1]
    device.room = 0
    with pytest.raises(BusyError, match="no memory left"):
        owner.worker().run(photo(1), wanted)


def test_a_photo_whose_worker_has_gone_disturbs_no_other(owner: House, device: Device, sent: Sent) -> None:
    gone = owner.connect()
    room = share_room(gone, (1, 3, 2, 2))
    with gathered(owner, device, sent, 2) as asked:
        room[:] = 9
        send(gone, {"with_layers": False})
        gone.close()
    assert [one.result(DEADLINE_S).output.logits.item() for one in asked] == [0, 1, 2]
    assert owner.worker().run(photo(5), wanted).output.logits.item() == 5


def test_a_photo_that_nobody_wants_any_more_is_not_sent(owner: House, device: Device) -> None:
    def unwanted() -> None:
        raise ClientGoneError("gone")

    with pytest.raises(ClientGoneError):
        owner.worker().run(photo(1), unwanted)
    assert device.batches == []


def test_more_at_once_than_a_worker_may_have_are_refused(owner: House, device: Device) -> None:
    connecting = threading.Semaphore(0)

    def connect() -> socket:
        connecting.release()
        return owner.connect()

    worker = OwnedNetwork(owner.connect(), connect, "a network", 2, DEADLINE_S)
    device.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        two = [pool.submit(worker.run, photo(number), wanted) for number in range(2)]
        for _ in two:
            assert connecting.acquire(timeout=DEADLINE_S)
        with pytest.raises(BusyError, match="Too many photos"):
            worker.run(photo(9), wanted)
        device.gate.set()
        assert [one.result(DEADLINE_S).output.logits.item() for one in two] == [0, 1]
    assert worker.run(photo(9), wanted).output.logits.item() == 9


def test_an_owner_that_does_not_answer_in_time_is_not_waited_for(owner: House, device: Device) -> None:
    worker = owner.worker(max_s=AT_ONCE)
    device.gate.clear()
    with pytest.raises(BusyError, match="waited too long"):
        worker.run(photo(1), wanted)
    assert not worker.is_lost
    device.gate.set()
    # That photo's answer is not taken for this one's.
    assert OwnedNetwork.run(owner.worker(), photo(2), wanted).output.logits.item() == 2


def test_who_does_not_read_stops_nobody(owner: House, device: Device) -> None:
    device.n_times = 500  # So that they are 5 MB, more than a socket holds.
    deaf = [owner.connect() for _ in range(3)]
    for peer in deaf:
        share_room(peer, (1, 3, 2, 2))
        for _ in range(2):
            send(peer, {"with_layers": True})
    assert owner.worker(max_s=0.9).run(photo(2), wanted).output.logits.item() == 2
    for peer in deaf:
        peer.close()


def test_a_message_without_sense_costs_its_line_alone(owner: House, caplog: pytest.LogCaptureFixture) -> None:
    with owner.connect() as other:
        share_room(other, (1, 3, 2, 2))
        send(other, {"layers": True})
        with pytest.raises(EOFError):
            receive(other)
    assert "has no sense" in caplog.text
    assert owner.worker().run(photo(2), wanted).output.logits.item() == 2


def test_a_line_that_breaks_is_not_the_end_of_its_owner(owner: House) -> None:
    worker = owner.worker()
    worker.run(photo(1), wanted)
    worker._idle[0].peer.shutdown(SHUT_RDWR)
    with pytest.raises(BusyError, match="could not take this photo"):
        worker.run(photo(1), wanted)
    assert worker.run(photo(2), wanted).output.logits.item() == 2


def test_all_who_come_at_once_are_let_in_before_the_next_batch(
    owner: House, device: Device, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    greeted: list[int] = []
    with gathered(owner, device, sent, 1) as asked, ExitStack() as newcomers:
        peers = [newcomers.enter_context(connected(owner.address)) for _ in range(10)]
        run = device.run

        def run_and_look(batch: Array, *, with_layers: bool = False) -> NetworkOutput:
            greeted.append(len(select(peers, [], [], 0)[0]))
            return run(batch, with_layers=with_layers)

        monkeypatch.setattr(device, "run", run_and_look)
        device.gate.set()
        assert asked[1].result(DEADLINE_S).output.logits.item() == 1
    assert greeted == [10]


def test_a_network_that_only_fails_ends_its_process(owner: House, device: Device) -> None:
    """What is wrong with a device may be wrong for this process alone."""
    worker = owner.worker()
    device.fails_with = ValueError("an illegal access")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="an illegal access"):
            worker.run(photo(1), wanted)
    device.fails_with = None
    worker.run(photo(1), wanted)  # Which makes up for those.
    device.fails_with = ValueError("an illegal access")
    for _ in range(3):
        with pytest.raises(RuntimeError, match="an illegal access"):
            worker.run(photo(1), wanted)
    owner.thread.join(DEADLINE_S)
    assert not owner.thread.is_alive()


def test_an_owner_that_nobody_finds_any_more_ends(device: Device, tmp_path: Path) -> None:
    is_there = threading.Event()
    is_there.set()
    with socket(AF_UNIX) as listener:
        listener.bind(str(tmp_path / "owner.socket"))
        listener.listen()
        owner = Owner(listener, Offer(device), is_there.is_set)
        thread = threading.Thread(target=owner.serve, args=(DEADLINE_S,), daemon=True)
        thread.start()
        with connected(tmp_path / "owner.socket") as worker:
            assert receive(worker)[0] == {"name": "fake"}
            is_there.clear()
            thread.join(DEADLINE_S)
            assert not thread.is_alive()


def test_a_network_that_fails_fails_these_photos_and_goes_on(
    owner: House, device: Device, caplog: pytest.LogCaptureFixture
) -> None:
    worker = owner.worker()
    device.fails_with = ValueError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        worker.run(photo(1), wanted)
    assert "the network failed" in caplog.text  # With its traceback, where the owner logs.
    device.fails_with = None
    assert worker.run(photo(2), wanted).output.logits.item() == 2


def test_connections_are_kept_and_closed_with_the_network(owner: House) -> None:
    connections = 0
    connect = owner.connect

    def counted() -> socket:
        nonlocal connections
        connections += 1
        return connect()

    worker = OwnedNetwork(owner.connect(), counted, "a network", 8, DEADLINE_S)
    for number in range(5):
        worker.run(photo(number), wanted)
    assert connections == 1
    kept = worker._idle[0].peer
    del worker
    gc.collect()
    assert kept.fileno() == -1


def test_an_owner_ends_once_nobody_has_been_connected_for_a_while(device: Device, tmp_path: Path) -> None:
    with house(tmp_path, Offer(device), max_idle_s=AT_ONCE) as owner:
        worker = owner.worker()
        owner.thread.join(10 * AT_ONCE)
        assert owner.thread.is_alive()
        del worker
        gc.collect()
        owner.thread.join(DEADLINE_S)
        assert not owner.thread.is_alive()


def test_an_error_is_told_and_later_ones_find_nobody(tmp_path: Path) -> None:
    with house(tmp_path, Offer(error=BundleDamagedError("learner.pkl is not")), max_idle_s=0.5) as owner:
        for _ in range(2):
            with socket(AF_UNIX) as peer:
                peer.connect(str(owner.address))
                assert receive(peer)[0] == {"code": "bundle_damaged", "detail": "learner.pkl is not"}
        owner.thread.join(DEADLINE_S)
        assert not owner.thread.is_alive()


def test_an_owner_that_ends_is_noticed_and_its_photos_are_lost(tmp_path: Path) -> None:
    """Its process is killed, so its ends of the connections are closed."""
    with socket(AF_UNIX) as listener:
        listener.bind(str(tmp_path / "owner.socket"))
        listener.listen()

        connect = partial(connected, tmp_path / "owner.socket")
        worker = OwnedNetwork(connect(), connect, "a network", 8, DEADLINE_S)
        first, _ = listener.accept()
        lost_before = worker.is_lost
        with ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(worker.run, photo(1), wanted)
            other, _ = listener.accept()
            take_room(other)
            for end in (first, other):
                end.close()
            with pytest.raises(ModelUnavailableError, match="started anew"):
                under_way.result(DEADLINE_S)
        assert (lost_before, worker.is_lost) == (False, True)
        with pytest.raises(ModelUnavailableError, match="started anew"):  # At once: who listens there is loading.
            worker.run(photo(1), wanted)
