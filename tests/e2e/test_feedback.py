"""Feedback in real servers: several workers at once, killed ones, a disk without room, several machines."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

import psycopg
import pytest

from tests.conftest import ROOT
from tests.e2e.postgresql import running_postgresql
from tests.e2e.server import COMMAND, TESTS_ASK_OFTEN, Answer, Server, free_port, running, wait_for
from tests.photos import draw_scene, encode

APP = (*COMMAND[:-1], "tests.e2e.gated_app:create()")
PHOTO = encode(draw_scene(7, (320, 240)))
URL = "/api/v1/feedback"
PATIENCE_S = 60.0


def environment(folder: Path, address: str, workers: int = 1) -> dict[str, str]:
    (folder / "gate").touch()
    return {"GATE": str(folder / "gate"), "WHICHPARK_FEEDBACK": address, "WEB_CONCURRENCY": str(workers)}


@contextmanager
def serving(folder: Path, address: str, workers: int = 1) -> Iterator[Server]:
    with running(folder, environment(folder, address, workers), command=APP) as server:
        yield server


def say(server: Server, *, with_photo: bool = False) -> Answer:
    model = {"name": "gated", "version": "1"}
    body: dict[str, object] = {
        "prediction_id": uuid.uuid4().hex,
        "model": model,
        "right": False,
        "labels": ["yosemite"],
    }
    if with_photo:
        body |= {"photo": base64.b64encode(PHOTO).decode(), "consent": True}
    return server.post(URL, json.dumps(body).encode(), "application/json")


def digests(file: Path) -> set[str]:
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = {row[0] for row in connection.execute("SELECT receipt_sha256 FROM feedback")}
    connection.close()
    return found


def test_workers_that_start_at_once_and_write_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "feedback.db"
    with serving(tmp_path, f"sqlite:///{file}", workers=4) as server, ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: say(server, with_photo=n % 3 == 0), range(60)))
        assert {answer.status for answer in answers} == {200}
        assert len(digests(file)) == 60
        assert "Traceback" not in server.log


def test_a_server_that_is_killed_while_it_writes_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    """All of it is killed, as a machine that fails does; many times, at moments that nobody chooses."""
    file, receipts = tmp_path / "feedback.db", list[str]()
    for _ in range(3):
        with serving(tmp_path, f"sqlite:///{file}", workers=2) as server:
            stop = threading.Event()

            def keep_saying(server: Server = server, stop: threading.Event = stop) -> None:
                while not stop.is_set():
                    try:
                        answer = say(server, with_photo=True)
                    except (OSError, HTTPException):
                        continue
                    if answer.status == 200:
                        receipts.append(answer.json["receipt"])

            threads = [threading.Thread(target=keep_saying) for _ in range(4)]
            n_before, until = len(receipts), time.monotonic() + PATIENCE_S
            for thread in threads:
                thread.start()
            while len(receipts) < n_before + 8 and time.monotonic() < until:
                time.sleep(0.01)
            processes = [*server.workers(), server.process.pid]
            for pid in reversed(processes):
                os.kill(pid, signal.SIGKILL)
            stop.set()
            for thread in threads:
                thread.join()
            server.process.wait()
        kept = digests(file)
        assert {hashlib.sha256(receipt.encode()).hexdigest() for receipt in receipts} <= kept
    assert len(receipts) >= 24
    with serving(tmp_path, f"sqlite:///{file}") as server:
        assert server.send("DELETE", f"{URL}/{receipts[0]}").status == 200
        assert say(server).status == 200


def with_files_up_to(n_bytes: int) -> None:
    """Stands for a disk without room: a write beyond it fails, of this process and its children."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


def test_a_disk_without_room_is_a_503_and_photos_are_answered_all_the_same(tmp_path: Path) -> None:
    file, port = tmp_path / "feedback.db", free_port()
    with serving(tmp_path, f"sqlite:///{file}") as server:
        first = say(server).json["receipt"]
    settings = environment(tmp_path, f"sqlite:///{file}") | TESTS_ASK_OFTEN | {"PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        APP, cwd=ROOT, env={**os.environ, **settings, "PORT": str(port)}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, preexec_fn=lambda: with_files_up_to(200_000),
    )  # fmt: skip
    (tmp_path / "log").touch()
    server = Server(process, port, tmp_path / "log")
    try:
        wait_for(server, "/readyz", 200)
        answers = [say(server, with_photo=True) for _ in range(40)]
        # Not in this order alone: while the worker's first look for what is too old is under way, SQLite does not empty
        # its log of writes, which is full first then.
        assert {answer.status for answer in answers} == {200, 503}
        assert answers[-1].status == 503
        assert answers[-1].json["code"] == "feedback_unavailable"
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert server.post("/predict", PHOTO, "image/jpeg").status == 200
    finally:
        process.kill()
        process.wait()
    said = [first, *(answer.json["receipt"] for answer in answers if answer.status == 200)]
    assert digests(file) == {hashlib.sha256(receipt.encode()).hexdigest() for receipt in said}


@pytest.mark.parametrize("place", ["not/there/feedback.db", "a-folder", "a-file/feedback.db"])
def test_a_place_that_is_none_is_said_in_the_log_at_the_first_answer(tmp_path: Path, place: str) -> None:
    (tmp_path / "a-folder").mkdir()
    (tmp_path / "a-file").touch()
    with serving(tmp_path, f"sqlite:///{tmp_path / place}") as server:
        until = time.monotonic() + PATIENCE_S
        while "feedback cannot be kept" not in server.log and time.monotonic() < until:
            time.sleep(0.02)
        assert "feedback cannot be kept" in server.log
        assert (say(server).status, server.post("/predict", PHOTO, "image/jpeg").status) == (503, 200)
        assert "Traceback" not in server.log


def test_machines_share_one_postgresql(tmp_path: Path) -> None:
    with running_postgresql() as postgresql:
        address = postgresql.new_database()
        with serving(tmp_path, address, workers=2) as one, serving(tmp_path, address, workers=2) as other:
            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda n: say((one, other)[n % 2], with_photo=n % 3 == 0), range(24)))
            assert {answer.status for answer in answers} == {200}
            receipt = answers[0].json["receipt"]  # Of one machine; the other takes it back.
            assert other.send("DELETE", f"{URL}/{receipt}").status == 200
            assert one.send("DELETE", f"{URL}/{receipt}").status == 404
            with psycopg.connect(address) as connection:
                assert connection.execute("SELECT count(*) FROM feedback").fetchone() == (23,)
            assert "secret" not in one.log + other.log
