"""A real gunicorn, started as the Dockerfile does, and HTTP to it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

COMMAND = (sys.executable, "-m", "gunicorn", "-c", "python:app.gunicorn_conf", "app.factory:create_app()")
START_S = 60.0
STOP_S = 20.0
ANSWER_S = 30.0
TESTS_ASK_OFTEN = {"WHICHPARK_MAX_PHOTOS_PER_MINUTE": "0", "WHICHPARK_MAX_FEEDBACK_PER_DAY": "0"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    """A running server; `log` is what it wrote."""

    process: subprocess.Popen[bytes]
    port: int
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, body: bytes, content_type: str, **headers: str) -> Answer:
        return self.send("POST", path, body, {"Content-Type": content_type, **headers})

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = self.connect()
        try:
            connection.request(method, path, body, dict(headers or {}))
            return read_answer(connection.getresponse())
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """The process ids of gunicorn's workers."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def stop(self) -> int:
        """Asks it to end, as Docker does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=STOP_S)


def read_answer(response: HTTPResponse) -> Answer:
    return Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, response.read())


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(server: Server, path: str, status: int) -> None:
    """Asks until the answer has the status; fails after START_S, or when the server ends."""
    deadline = time.monotonic() + START_S
    found: object = None
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            found = server.get(path).status
            if found == status:
                return
        except OSError as error:
            found = error
        time.sleep(0.02)
    raise AssertionError(f"{path} gave {found}, not {status}; the server's log:\n{server.log}")


def resident_kb(server: Server) -> int:
    """Resident memory of the server's only worker."""
    [pid] = server.workers()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[0])


@contextmanager
def running(
    folder: Path,
    environment: Mapping[str, str],
    *,
    command: Sequence[str] = COMMAND,
    cwd: Path = ROOT,
    ready: int = 200,
) -> Iterator[Server]:
    """A server with these variables beside PATH and the like, from its first answer on; ended afterwards."""
    port = free_port()
    log_file = folder / f"server-{port}.log"
    variables = {**os.environ, **TESTS_ASK_OFTEN, **environment, "HOST": "127.0.0.1", "PORT": str(port)}
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, cwd=cwd, env=variables, stdout=log, stderr=log)
    server = Server(process, port, log_file)
    try:
        wait_for(server, "/readyz", ready)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(timeout=STOP_S)


def multipart(photo: bytes, field: str = "photo", name: str = "half-dome.jpg") -> tuple[bytes, str]:
    """A form with one file, and its Content-Type."""
    boundary = "a-boundary-of-the-tests"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    body = f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + photo + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"
