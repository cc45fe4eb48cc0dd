"""Photos named by their addresses, in the server as an operator starts it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path

import pytest

from app.vision.bundle import ModelBundle
from tests.e2e.fetching_app import MAX_S
from tests.e2e.server import COMMAND, Answer, Server, running
from tests.photos import draw_scene, encode

PHOTO = encode(draw_scene(5, (640, 480)))


def environment(bundle: ModelBundle) -> dict[str, str]:
    return {"WHICHPARK_MODELS_DIR": str(bundle.path.parent), "WHICHPARK_RUNTIME": "cpu", "WHICHPARK_THREADS": "4"}


@pytest.fixture(scope="module")
def server(tiny_bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for which every host of the internet is on this machine; see `fetching_app`."""
    command = (*COMMAND[:-1], "tests.e2e.fetching_app:make()")
    with running(tmp_path_factory.mktemp("server"), environment(tiny_bundle), command=command) as server:
        yield server


def ask(server: Server, *urls: str) -> Answer:
    body = json.dumps({"photos": [{"url": url} for url in urls]}).encode()
    return server.post("/api/v1/predict", body, "application/json")


def test_a_photo_is_fetched_and_looked_at_as_one_that_was_sent(server: Server) -> None:
    sent = server.post("/api/v1/predict", PHOTO, "image/jpeg").json["results"][0]
    [fetched] = ask(server, "http://quick.example/a.jpg?token=secret").json["results"]
    assert fetched["source"] == "http://quick.example/a.jpg"
    assert fetched["predictions"] == sent["predictions"]
    assert "secret" not in server.log


def test_slow_hosts_never_hold_all_threads(server: Server) -> None:
    """Two of four threads may wait for hosts; who comes third is told at once to come again."""
    with ThreadPoolExecutor(8) as pool:
        slow = as_completed([pool.submit(ask, server, *["http://slow.example/"] * 3) for _ in range(8)])
        busy = [answer.result() for answer in islice(slow, 6)]
        started = time.monotonic()
        assert server.post("/api/v1/predict", PHOTO, "image/jpeg").status == 200
        assert time.monotonic() - started < MAX_S / 2
        waited = [answer.result() for answer in slow]
    assert [answer.status for answer in busy + waited] == [503] * 6 + [200] * 2
    assert {(answer.json["code"], answer.headers["retry-after"]) for answer in busy} == {("busy", "1")}
    assert {row["error"]["code"] for answer in waited for row in answer.json["results"]} == {"url_timeout"}
    assert ask(server, "http://quick.example/a.jpg").status == 200  # The places are free again.


def test_the_real_server_fetches_nothing_of_its_own_network(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    with running(tmp_path, environment(tiny_bundle)) as server:
        hosts = ["127.0.0.1", f"127.0.0.1:{server.port}", "[::1]", "localhost", "2130706433", "0x7f.1", "10.0.0.1",
                 "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "user@127.0.0.1", "169.254.169.254"]  # fmt: skip
        before = server.log.count("GET ")
        answers = [ask(server, f"http://{host}/healthz") for host in hosts]
        assert {(answer.status, answer.json["code"]) for answer in answers} == {(422, "url_refused")}
        assert server.log.count("GET ") == before
        assert "Traceback" not in server.log
