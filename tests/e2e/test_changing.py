"""The server is changed while it runs: another bundle, other settings, a worker that dies, the end."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from pathlib import Path

import pytest

from app.vision.bundle import CARD, CURRENT, ModelBundle, read_bundle, write_atomically
from app.vision.card import SCHEMA_VERSION
from tests.e2e.asked import SOON_S, are_all_of, ask, asked_all_the_while, environment, said, served, until
from tests.e2e.server import COMMAND, Answer, Server, resident_kb, running
from training.bundles.promote import promote

GATED = (*COMMAND[:-1], "tests.e2e.gated_app:create()")


def test_promoting_under_load_fails_no_request_and_each_answer_is_its_models(models: Path, tmp_path: Path) -> None:
    with running(tmp_path, environment(models, WEB_CONCURRENCY="2")) as server:
        with asked_all_the_while(server) as answers:
            for name in ("toy-2", "toy-1", "toy-2"):
                promote(models, name, gate=lambda bundle: None)
                until(partial(are_all_of, answers, name[-1]), f"{name} is served by both workers")
        found = {said(answer) for answer in answers}
        assert len({version for version, _ in found}) == len(found) == 2
        assert server.get("/healthz").status == 200
        assert "Traceback" not in server.log


def put_in_service(server: Server, models: Path, name: str) -> None:
    promote(models, name, gate=lambda bundle: None)
    until(lambda: served(server) == name[-1], f"{name} is served")


def test_the_real_command_promotes_while_the_server_runs(models: Path, tmp_path: Path) -> None:
    from training.cli import main

    with running(tmp_path, environment(models)) as server, asked_all_the_while(server, 1) as answers:
        assert main(["bundle", "promote", "toy-2", "--models", str(models)]) == 0
        until(lambda: said(answers[-1])[0] == "2", "toy-2 answers")


def break_network(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"no network")


def age_schema(folder: Path) -> None:
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | {"schema_version": SCHEMA_VERSION + 1}))


def cut_card(folder: Path) -> None:
    (folder / CARD).write_text((folder / CARD).read_text()[:200])


BROKEN = [
    (break_network, "bundle_damaged", "is not the file its card names"),
    (age_schema, "bundle_schema", "schema"),
    (cut_card, "bundle_damaged", "has no sense"),
    (shutil.rmtree, "bundle_missing", "There is no bundle at"),
]


@pytest.mark.parametrize(("harm", "code", "told"), BROKEN)
def test_a_broken_bundle_is_refused_and_the_old_one_answers_on(
    models: Path, tmp_path: Path, harm: Callable[[Path], None], code: str, told: str
) -> None:
    with running(tmp_path, environment(models)) as server:
        expected = said(ask(server))
        harm(models / "toy-2")
        write_atomically(models / CURRENT, b"toy-2\n")
        until(lambda: server.get("/readyz").json.get("refused") == code, f"{code} in /readyz")
        assert said(ask(server)) == expected
        assert server.log.count("toy-1 is served on, the new bundle is refused") == 1
        assert told in server.log and "Traceback" not in server.log
        promote(models, "toy-1", gate=lambda bundle: None)
        until(lambda: "refused" not in server.get("/readyz").json, "all is well")


@pytest.mark.parametrize(("harm", "code", "told"), [*BROKEN, (lambda folder: None, "bundle_missing", "CURRENT")])
def test_without_a_good_bundle_it_waits_not_ready_for_one(
    models: Path, tmp_path: Path, harm: Callable[[Path], None], code: str, told: str
) -> None:
    harm(models / "toy-1")
    if told == "CURRENT":
        (models / CURRENT).unlink()
    with running(tmp_path, environment(models), ready=503) as server:
        workers = server.workers()
        assert server.get("/healthz").status == 200
        assert code in server.get("/readyz").json["detail"] and str(models) not in server.get("/readyz").json["detail"]
        assert told in server.log and "Traceback" not in server.log
        put_in_service(server, models, "toy-2")
        assert said(ask(server))[0] == "2"
        assert server.workers() == workers


def test_a_bundle_that_is_repaired_in_its_place_is_served(
    models: Path, tmp_path: Path, tiny_bundle: ModelBundle
) -> None:
    break_network(models / "toy-1")
    with running(tmp_path, environment(models), ready=503) as server:
        shutil.copy(tiny_bundle.path / "model.onnx", models / "toy-1" / "model.onnx")
        until(lambda: served(server) == "1", "the repaired bundle is served")


def test_old_models_do_not_stay_in_memory(models: Path, tmp_path: Path) -> None:
    """Each of the toy's is 45 MB as a session; ten that stayed would be 450."""
    with running(tmp_path, environment(models)) as server:
        for name in ("toy-2", "toy-1"):
            put_in_service(server, models, name)
        before_kb = resident_kb(server)
        for name in ("toy-2", "toy-1") * 5:
            put_in_service(server, models, name)
            assert said(ask(server))[0] == name[-1]
        until(lambda: resident_kb(server) < before_kb + 30_000, f"{resident_kb(server)} kB, before {before_kb} kB")


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    file = tmp_path / "which-park.env"
    file.write_text("WHICHPARK_MAX_PHOTOS=2\n")
    return file


def max_photos(server: Server) -> int:
    """What the documentation says, which is what the worker that answers was started with."""
    document = server.get("/openapi.json").json
    body = document["paths"]["/api/v1/predict"]["post"]["requestBody"]["content"]["application/json"]
    return int(body["schema"]["properties"]["photos"]["maxItems"])


def test_hup_reads_the_settings_again_and_fails_no_request(models: Path, tmp_path: Path, settings_file: Path) -> None:
    variables = environment(models, WHICHPARK_SETTINGS_FILE=str(settings_file))
    with running(tmp_path, variables) as server:
        assert (max_photos(server), len(server.workers())) == (2, 1)
        with asked_all_the_while(server) as answers:
            settings_file.write_text("WHICHPARK_MAX_PHOTOS=5\nWEB_CONCURRENCY=2\nWHICHPARK_LOG_LEVEL=warning\n")
            server.process.send_signal(signal.SIGHUP)
            until(lambda: max_photos(server) == 5 and len(server.workers()) == 2, "the new settings hold")
        assert {answer.status for answer in answers} == {200}
        assert "Traceback" not in server.log


@pytest.mark.parametrize("text", ["WHICHPARK_MAX_PHOTOS=many\n", "no setting\n", None])
def test_settings_without_sense_change_nothing(
    models: Path, tmp_path: Path, settings_file: Path, text: str | None
) -> None:
    with running(tmp_path, environment(models, WHICHPARK_SETTINGS_FILE=str(settings_file))) as server:
        workers = server.workers()
        settings_file.unlink() if text is None else settings_file.write_text(text)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "the settings stay as they were" in server.log, "the log says so")
        until(lambda: bool(server.workers()) and not {*server.workers()} & {*workers}, "new workers have come")
        assert max_photos(server) == 2
        os.kill(server.workers()[0], signal.SIGKILL)  # Whoever comes in its place has the old settings too.
        until(lambda: server.log.count("Booting worker") == 3, "another worker has come")
        assert max_photos(server) == 2
        assert server.process.poll() is None


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@contextmanager
def gated(tmp_path: Path, gate: Path, **more: str) -> Iterator[Server]:
    """A server whose photos wait until the file `gate` is there."""
    variables = {"GATE": str(gate), "WHICHPARK_MAX_WAIT_S": "60", "WHICHPARK_MAX_QUEUE_S": "60", **more}
    with running(tmp_path, variables, command=GATED) as server:
        yield server


def n_seen(gate: Path) -> int:
    """How many photos wait at the gate, or have been let through."""
    seen = gate.with_suffix(".seen")
    return len(seen.read_text().splitlines()) if seen.exists() else 0


def outcome(future: Future[Answer]) -> int | str:
    try:
        return future.result(SOON_S).status
    except (OSError, HTTPException):
        return "lost"


def test_a_killed_worker_loses_the_requests_it_held_and_no_other(tmp_path: Path, gate: Path) -> None:
    two = {"WEB_CONCURRENCY": "2", "WHICHPARK_THREADS": "1", "WHICHPARK_MAX_QUEUE": "64"}
    with gated(tmp_path, gate, **two) as server, ThreadPoolExecutor(64) as pool:  # One worker may take many in a row.
        asked = [pool.submit(ask, server)]
        while n_seen(gate) < 2:  # Until both workers hold one; a worker lets in one at a time.
            asked.append(pool.submit(ask, server))
            until(lambda: n_seen(gate) == 2 or len(held_by(server)) == len(asked), "the request has a worker")
        held = held_by(server)
        killed = held[0]
        os.kill(killed, signal.SIGKILL)
        gate.touch()
        outcomes = [outcome(future) for future in asked]
        assert outcomes.count("lost") == held.count(killed)
        assert outcomes.count(200) == len(asked) - held.count(killed) >= 1
        until(lambda: len(server.workers()) == 2 and killed not in server.workers(), "another worker has come")
        assert {ask(server).status for _ in range(8)} == {200}


def held_by(server: Server) -> list[int]:
    """For each connection of a client, the worker that has it."""
    workers, held = server.workers(), []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{server.port:04X}") and fields[3] == "01":
            held += [pid for pid in workers if f"socket:[{fields[9]}]" in files_of(pid)]
    return held


def files_of(pid: int) -> set[str]:
    return {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()}


def test_the_end_answers_what_waits_and_takes_nothing_new(tmp_path: Path, gate: Path) -> None:
    with gated(tmp_path, gate, WHICHPARK_THREADS="1") as server, ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(ask, server) for _ in range(3)]  # One in the network, two in the queue.
        until(lambda: n_seen(gate) == 1 and len(held_by(server)) == 3, "the worker has all three")
        server.process.send_signal(signal.SIGTERM)
        until(lambda: is_deaf(server), "nobody listens any more")
        gate.touch()
        assert [outcome(future) for future in asked] == [200, 200, 200]
        assert server.process.wait(SOON_S) == 0


def is_deaf(server: Server) -> bool:
    connection = server.connect()
    try:
        connection.connect()
    except ConnectionRefusedError:
        return True
    finally:
        connection.close()
    return False


def test_the_end_comes_in_bounded_time_whoever_waits(tmp_path: Path, gate: Path) -> None:
    with gated(tmp_path, gate, WHICHPARK_MAX_DRAIN_S="1") as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, server)
        until(lambda: n_seen(gate) == 1, "the photo is in the network")
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(10)
        assert outcome(asked) == "lost"


def test_bundles_of_the_fixture_are_whole(models: Path) -> None:
    for name in ("toy-1", "toy-2"):
        read_bundle(models / name).verify()
