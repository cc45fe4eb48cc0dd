"""Who comes by which way, at a real server: proxies that are believed or not, keys that come and go, a shared count."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.server import COMMAND, Answer, Server, free_port, running
from tests.e2e.slow_client import connect, read_to_end
from tests.photos import draw_scene, encode

PHOTO = encode(draw_scene(5, (640, 480)))
PATIENCE_S = 10.0
GATED_APP = "tests.e2e.gated_app:create()"


@contextmanager
def door(folder: Path, *options: str, **variables: str) -> Iterator[Server]:
    """A server whose network lets everything through."""
    (folder / "gate").touch()
    settings = {f"WHICHPARK_{name}": value for name, value in variables.items() if name != "WEB_CONCURRENCY"}
    others = {name: value for name, value in variables.items() if name == "WEB_CONCURRENCY"}
    command = (*COMMAND[:-1], *options, GATED_APP)
    with running(folder, {"GATE": str(folder / "gate"), **settings, **others}, command=command) as server:
        yield server


def ask(server: Server, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.post("/predict", PHOTO, "image/jpeg", **named)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def statuses(server: Server, n: int, **headers: str) -> list[int]:
    return [ask(server, **headers).status for _ in range(n)]


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8"])
def test_a_client_cannot_name_itself_another(tmp_path: Path, trusted: str) -> None:
    with door(tmp_path, MAX_PHOTOS_PER_MINUTE="2", TRUSTED_PROXIES=trusted, LOG_ADDRESSES="full") as server:
        found = [ask(server, X_Forwarded_For=f"192.0.2.{n}", X_Forwarded_Proto="https") for n in range(3)]
        assert [answer.status for answer in found] == [200, 200, 429]
        assert not any("strict-transport-security" in answer.headers for answer in found)
        assert "192.0.2." not in server.log
        assert "from 127.0.0.1" in server.log


def test_behind_a_trusted_proxy_every_client_is_itself(tmp_path: Path) -> None:
    with door(tmp_path, MAX_PHOTOS_PER_MINUTE="1", TRUSTED_PROXIES="127.0.0.0/8", LOG_ADDRESSES="full") as server:
        assert [ask(server, X_Forwarded_For=f"192.0.2.{n}").status for n in (1, 2, 1)] == [200, 200, 429]
        assert ask(server, X_Forwarded_For="192.0.2.9, 192.0.2.1").status == 429  # The proxy's word is the last one.
        assert "from 192.0.2.2" in server.log


@pytest.mark.parametrize(("proto", "hsts"), [("https", "max-age=31536000"), ("http", None)])
def test_a_trusted_proxy_says_whether_a_browser_came_by_https(tmp_path: Path, proto: str, hsts: str | None) -> None:
    with door(tmp_path, TRUSTED_PROXIES="127.0.0.1") as server:
        answer = server.send("GET", "/", headers={"X-Forwarded-Proto": proto})
        assert answer.headers.get("strict-transport-security") == hsts


def keys(path: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "app.keys", "--file", str(path), *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_keys_come_and_go_without_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    alice = keys(path, "new", "alice")
    with door(tmp_path, API_KEYS_FILE=str(path), WEB_CONCURRENCY="2") as server:
        assert [ask(server).status, ask(server, X_API_Key=alice).status] == [401, 200]
        bob = keys(path, "new", "bob")
        wait_until(lambda: statuses(server, 6, Authorization=f"Bearer {bob}") == [200] * 6)
        keys(path, "revoke", "alice")
        wait_until(lambda: statuses(server, 6, X_API_Key=alice) == [403] * 6)
        path.write_text("rubbish")
        wait_until(lambda: ask(server, X_API_Key=bob).status == 200 and "keys stay as they were" in server.log)
        assert ask(server, X_API_Key=bob).status == 200
        assert alice not in server.log and bob not in server.log


def test_a_file_of_keys_without_sense_ends_the_start_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("rubbish\n")
    with (
        pytest.raises(AssertionError, match=r"which-park: line 1 of .* is not of the form"),
        door(tmp_path, API_KEYS_FILE=str(tmp_path / "keys")),
    ):
        pass
    assert "Traceback" not in next(tmp_path.glob("*.log")).read_text()


def test_even_gunicorns_own_log_has_neither_query_nor_address(tmp_path: Path) -> None:
    with door(tmp_path, "--access-logfile", "-") as server:
        server.post("/predict?token=secret", PHOTO, "image/jpeg")
        for head in (b"GET /secret HTTP/7\r\n\r\n", b"GET /?" + b"secret" * 2000 + b" HTTP/1.1\r\n\r\n"):
            with connect(server) as client:
                client.sendall(head)
                assert b"HTTP/1.1 4" in read_to_end(client)
        assert server.log.count("POST /predict") == 1  # Ours: gunicorn's log of requests stays off.
        assert "secret" not in server.log
        assert "127.0.0.1" not in server.log.replace(f"Listening at: http://127.0.0.1:{server.port}", "")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server here")
    redis = Redis(tmp_path)
    redis.start()
    yield redis
    redis.kill()


class Redis:
    """A real one, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.log = folder / "redis.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        quiet = ["--save", "", "--appendonly", "no", "--dir", str(self.folder), "--logfile", "redis.log"]
        self.process = subprocess.Popen(["redis-server", "--port", str(self.port), *quiet])
        wait_until(lambda: self.log.exists() and "Ready to accept" in self.log.read_text())

    def send(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.log.unlink()


def test_workers_count_together_in_redis(tmp_path: Path, redis: Redis) -> None:
    limits = {"MAX_PHOTOS_PER_MINUTE": "5", "RATE_LIMIT_STORE": redis.address}
    with door(tmp_path, WEB_CONCURRENCY="3", **limits) as server:
        assert statuses(server, 8) == [200] * 5 + [429] * 3
    with door(tmp_path, **limits) as server:
        assert ask(server).status == 429  # Nor does a restart forget.


def test_machines_count_together_in_redis(tmp_path: Path, redis: Redis) -> None:
    limits = {"MAX_PHOTOS_PER_MINUTE": "5", "RATE_LIMIT_STORE": redis.address}
    with door(tmp_path, **limits) as one, door(tmp_path, **limits) as other:
        assert [ask((one, other)[n % 2]).status for n in range(7)] == [200] * 5 + [429] * 2


def test_without_redis_each_worker_counts_by_itself_until_it_is_back(tmp_path: Path, redis: Redis) -> None:
    with door(tmp_path, MAX_PHOTOS_PER_MINUTE="3", RATE_LIMIT_STORE=redis.address) as server:
        assert statuses(server, 4) == [200, 200, 200, 429]
        redis.kill()
        assert statuses(server, 4) == [200, 200, 200, 429]
        assert "their store is away" in server.log
        redis.start()
        wait_until(lambda: ask(server).status == 200)  # It is found again, and has forgotten.
        assert "Traceback" not in server.log and " 500 " not in server.log


def test_a_redis_that_hangs_does_not_hold_the_server(tmp_path: Path, redis: Redis) -> None:
    with door(tmp_path, MAX_PHOTOS_PER_MINUTE="3", RATE_LIMIT_STORE=redis.address) as server:
        assert ask(server).status == 200
        redis.send(signal.SIGSTOP)
        began = time.monotonic()
        assert statuses(server, 4) == [200, 200, 200, 429]
        assert time.monotonic() - began < 3
        redis.send(signal.SIGCONT)


def test_a_redis_that_was_never_there_is_no_reason_not_to_start(tmp_path: Path) -> None:
    store = f"redis://127.0.0.1:{free_port()}"
    with door(tmp_path, MAX_PHOTOS_PER_MINUTE="2", RATE_LIMIT_STORE=store) as server:
        assert statuses(server, 3) == [200, 200, 429]
        assert "Traceback" not in server.log
