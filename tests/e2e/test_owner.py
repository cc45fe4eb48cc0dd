"""Several workers, one process that owns the network: torch on the CPU, since there is no GPU here."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.asked import PHOTO, are_all_of, ask, asked_all_the_while, environment, said, until
from tests.e2e.server import Server, multipart, running
from training.bundles.promote import promote

pytestmark = pytest.mark.slow


def owners(models: Path) -> list[int]:
    """The processes that own a network of a bundle of this folder."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if b"app.owner" in command(pid) and str(models).encode() in command(pid)]


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def has_torch(pid: int) -> bool:
    return "libtorch" in Path(f"/proc/{pid}/maps").read_text()


def environment_of_torch(models: Path) -> dict[str, str]:
    return environment(models, WHICHPARK_RUNTIME="torch", WEB_CONCURRENCY="2", WHICHPARK_METRICS="on")


def n_batches(server: Server) -> int:
    [line] = [line for line in server.get("/metrics").body.decode().splitlines() if "batch_photos_count" in line]
    return int(float(line.split()[1]))


def test_workers_share_a_network_which_may_be_killed_replaced_and_ended(models: Path, tmp_path: Path) -> None:
    """All in one, since torch takes seconds to import."""
    with running(tmp_path, environment(models)) as server:
        on_cpu = ask(server).json["results"][0]["predictions"]
    with running(tmp_path, environment_of_torch(models)) as server:
        until(lambda: server.log.count("serving toy-1 with torch") == 2, "both workers are there")
        [owner] = owners(models)
        assert has_torch(owner) and not any(has_torch(pid) for pid in server.workers())
        assert server.get("/api/v1/model").json["runtime"] == "torch on CPU, float32"
        ask_photos_and_layers(server, on_cpu)

        os.kill(owner, signal.SIGKILL)
        until(lambda: server.get("/readyz").status == 503, "it is not ready")
        lost = ask(server)
        assert (lost.status, lost.json["code"]) == (503, "model_unavailable") and "started anew" in lost.json["detail"]
        assert server.get("/").status == 200
        until(lambda: server.log.count("serving toy-1 with torch") == 4, "both workers have loaded it anew")
        [another] = owners(models)
        assert another != owner

        with asked_all_the_while(server) as answers:
            promote(models, "toy-2", gate=lambda bundle: None)
            until(partial(are_all_of, answers, "2"), "both workers have the new network")
        assert len({said(answer) for answer in answers}) == 2  # Each version gives probabilities of its own.
        until(lambda: another not in owners(models), "the old owner ends when nobody needs it")
        assert len(owners(models)) == 1
        assert "Traceback" not in server.log, server.log
        assert server.stop() == 0
        until(lambda: owners(models) == [], "the owner ends after its workers")


def ask_photos_and_layers(server: Server, expected: list[dict[str, object]]) -> None:
    until(lambda: n_batches(server) == 2, "the warm-up of each worker is counted")
    for _ in range(6):
        found = ask(server).json["results"][0]["predictions"]
        assert [row["label"] for row in found] == [row["label"] for row in expected]
        for row, other in zip(found, expected, strict=True):
            assert row["probability"] == pytest.approx(other["probability"], abs=1e-3)
    assert n_batches(server) == 2 + 6
    assert server.post("/how-it-works", *multipart(PHOTO)).status == 200  # Which shows its layers.
