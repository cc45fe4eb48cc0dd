"""The servers that are measured beside each other: how each is started, and what a request to it is."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as row
from pathlib import Path

from tests.bench.server.load import Client, post
from tests.conftest import ROOT
from tests.e2e.server import COMMAND, free_port, multipart

PEERS = Path(__file__).parent / "peers"
PEER_VENVS = ROOT / ".bench"

_START_S = 120.0
_STOP_S = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Kind:
    """A kind of server. `field` is what it calls a photo in a form; `{port}` in its command is where it listens."""

    name: str
    command: tuple[str, ...]
    path: str = "/"
    field: str = "photo"
    environment: Mapping[str, str] = row(default_factory=dict)

    def request(self, jpeg: bytes) -> bytes:
        """A form with this photo, as a whole HTTP request."""
        return post(self.path, *multipart(jpeg, self.field))

    @property
    def is_installed(self) -> bool:
        """Whether its interpreter is there."""
        return Path(self.command[0]).exists()


def ours(workers: int = 1, **more: str) -> Kind:
    """This server, as `make serve` starts it, without limits of rate; `more` are variables of its environment."""
    environment = {"WHICHPARK_MAX_PHOTOS_PER_MINUTE": "0", "WHICHPARK_LOG_LEVEL": "warning", **more}
    name = f"which-park, {workers} worker{'s' if workers > 1 else ''}"
    return Kind(name, COMMAND, "/api/v1/predict", environment=environment | {"WEB_CONCURRENCY": str(workers)})


def usual_flask() -> Kind:
    """The usual Flask app: fastai's `learn.predict`, under the same gunicorn with as many threads."""
    application = "tests.bench.server.peers.usual_flask:create_app()"
    options = ("-b", "127.0.0.1:{port}", "--threads", "4", application)
    return Kind("flask + learn.predict", (sys.executable, "-m", "gunicorn", *options))


def litserve() -> Kind:
    """LitServe with model.onnx, as its documentation has it."""
    python = str(PEER_VENVS / "litserve" / "bin" / "python")
    return Kind("LitServe", (python, str(PEERS / "with_litserve.py"), "{port}"), "/predict")


def bentoml() -> Kind:
    """BentoML with model.onnx, as its documentation has it."""
    folder = PEER_VENVS / "bentoml" / "bin"
    command = (str(folder / "python"), "-m", "bentoml", "serve", "with_bentoml:Parks", "--port", "{port}")
    return Kind("BentoML", command, "/predict", "photo", {"PYTHONPATH": str(PEERS), "BENTOML_DO_NOT_TRACK": "True"})


@dataclass(frozen=True)
class Running:
    """A started server; `ready_s` is how long it took to its first right answer."""

    kind: Kind
    pid: int
    port: int
    ready_s: float

    def processes(self) -> list[int]:
        """The first process and all that it started, in the order of their numbers."""
        found, left = [], [self.pid]
        while left:
            pid = left.pop()
            found.append(pid)
            for listed in Path(f"/proc/{pid}/task").glob("*/children"):
                left += [int(child) for child in listed.read_text().split()]
        return sorted(found)

    def cpu_s(self) -> float:
        """CPU seconds that all of them have used."""
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.processes()]
        return sum(int(row[11]) + int(row[12]) for row in stats) / _TICKS

    def resident_mb(self) -> list[float]:
        """Resident memory of each, in MB."""
        texts = [Path(f"/proc/{pid}/status").read_text() for pid in self.processes()]
        return [int(found.group(1)) / 1000 for text in texts if (found := re.search(r"VmRSS:\s+(\d+) kB", text))]

    def proportional_mb(self) -> float:
        """Memory of all of them, in MB; what several share (libraries, the network's file) counts once."""
        texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self.processes()]
        return sum(int(kb) for text in texts for kb in re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)) / 1000


@contextmanager
def running(kind: Kind, jpeg: bytes, folder: Path, *, prefix: Sequence[str] = ()) -> Iterator[Running]:
    """The server, from its first right answer on; ended afterwards. What it writes is in `folder`."""
    port = free_port()
    command = [*prefix, *(part.replace("{port}", str(port)) for part in kind.command)]
    variables = {**os.environ, **kind.environment, "HOST": "127.0.0.1", "PORT": str(port)}
    log_file = folder / f"{re.sub(r'[^a-z]+', '-', kind.name.lower())}.log"
    began = time.perf_counter()
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(kind, jpeg, port, process, log_file)
        yield Running(kind, process.pid, port, time.perf_counter() - began)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_STOP_S)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _wait(kind: Kind, jpeg: bytes, port: int, process: subprocess.Popen[bytes], log_file: Path) -> None:
    deadline, request = time.monotonic() + _START_S, kind.request(jpeg)
    while time.monotonic() < deadline and process.poll() is None:
        client = Client(port)
        status = client.ask(request)
        client.close()
        if status == 200:
            return
        time.sleep(0.02)
    log = log_file.read_text(encoding="utf-8", errors="replace")[-3000:]
    raise SystemExit(f"{kind.name} gave no answer; its log ends with:\n{log}")
