"""More photos than the server can look at, and clients that do not wait for theirs."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.server import COMMAND, Answer, Server, running
from tests.e2e.slow_client import connect, head
from tests.photos import draw_scene, encode

PHOTO = encode(draw_scene(5, (640, 480)))
THREADS, QUEUE = 2, 3
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Gated:
    """A server whose network waits until `open` is called; `n_seen` is how many photos have come to it."""

    server: Server
    gate: Path

    def open(self) -> None:
        self.gate.touch()

    @property
    def n_seen(self) -> int:
        seen = self.gate.with_suffix(".seen")
        return len(seen.read_text().splitlines()) if seen.exists() else 0


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[Gated]:
    gate = tmp_path / "gate"
    variables = {
        "GATE": str(gate),
        "WHICHPARK_THREADS": str(THREADS),
        "WHICHPARK_MAX_QUEUE": str(QUEUE),
        "WHICHPARK_MAX_WAIT_S": "30",
    }
    with running(tmp_path, variables, command=(*COMMAND[:-1], "tests.e2e.gated_app:create()")) as server:
        yield Gated(server, gate)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def ask(server: Server) -> Answer:
    return server.post("/predict", PHOTO, "image/jpeg")


def done(asked: list[Future[Answer]]) -> list[Answer]:
    return [future.result() for future in asked if future.done()]


def test_photos_beyond_the_queue_are_refused_at_once(gated: Gated) -> None:
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(ask, gated.server) for _ in range(20)]
        wait_until(lambda: len(done(asked)) == 20 - THREADS - QUEUE)
        refused = done(asked)
        assert {(answer.status, answer.json["code"], answer.headers["retry-after"]) for answer in refused} == {
            (503, "busy", "1")
        }
        assert {answer.headers["content-type"] for answer in refused} == {"application/problem+json"}
        gated.open()
    assert sorted(future.result().status for future in asked) == [200] * (THREADS + QUEUE) + [503] * 15


def test_pages_and_probes_are_answered_while_photos_wait(gated: Gated) -> None:
    with ThreadPoolExecutor(20) as pool:
        for _ in range(20):
            pool.submit(ask, gated.server)
        wait_until(lambda: gated.n_seen > 0)
        began = time.monotonic()
        for path in ("/healthz", "/readyz", "/", "/static/style.css", "/api/v1/labels"):
            assert gated.server.get(path).status == 200
        assert time.monotonic() - began < 2
        gated.open()


def is_refused(client: socket.socket) -> bool:
    """Whether it is, within a moment; who has a place hears nothing while the gate is closed."""
    client.settimeout(0.3)
    try:
        return client.recv(12) == b"HTTP/1.1 503"
    except TimeoutError:
        return False


def test_a_client_that_has_gone_frees_its_place_and_costs_nothing(gated: Gated) -> None:
    with ThreadPoolExecutor(10) as pool, ExitStack() as stack:
        kept = [pool.submit(ask, gated.server)]
        wait_until(lambda: gated.n_seen == 1)
        gone = [stack.enter_context(connect(gated.server)) for _ in range(THREADS + QUEUE)]
        for client in gone:
            client.sendall(head("/predict", len(PHOTO)) + PHOTO)
        assert sum(is_refused(client) for client in gone) == 1  # The others have all places but the first.
        stack.close()
        kept += [pool.submit(ask, gated.server) for _ in range(QUEUE)]
        time.sleep(0.3)  # They find places while the gate is closed.
        gated.open()
    assert [future.result().status for future in kept] == [200] * (1 + QUEUE)
    assert gated.n_seen == 1 + QUEUE
    assert gated.server.stop() == 0
    assert "Traceback" not in gated.server.log


def test_no_photo_waits_longer_for_a_thread_than_is_allowed(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    variables = {"GATE": str(gate), "WHICHPARK_THREADS": "1", "WHICHPARK_MAX_QUEUE_S": "0.3"}
    command = (*COMMAND[:-1], "tests.e2e.gated_app:create()")
    with running(tmp_path, variables, command=command) as server, ThreadPoolExecutor(3) as pool:
        first = pool.submit(ask, server)
        wait_until(lambda: Gated(server, gate).n_seen == 1)
        late = [pool.submit(ask, server) for _ in range(2)]
        time.sleep(0.5)
        gate.touch()
        assert first.result().status == 200
        assert [future.result().json["code"] for future in late] == ["busy", "busy"]
