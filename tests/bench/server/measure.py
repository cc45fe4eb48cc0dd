"""What is measured of a server, each figure beside another of the same run."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.server.load import Answers, Client, ask_at_a_rate, ask_in_a_loop, run_at_once
from tests.bench.server.servers import Running
from tests.conftest import ROOT

_BUSY_CLIENTS = 4
_BETWEEN_LOOKS_S = 0.1


@dataclass(frozen=True)
class Throughput:
    """At full load: answers a second, CPU seconds of the server for each, and how long they took in milliseconds;
    `failed` is the share of requests that got another answer than a 200.
    """

    per_s: float
    cpu_s: float
    p50_ms: float = float("nan")
    p95_ms: float = float("nan")
    p99_ms: float = float("nan")
    failed: float = 0.0


def median(rounds: list[Throughput]) -> Throughput:
    """Of each figure the median over the rounds."""
    names = ("per_s", "cpu_s", "p50_ms", "p95_ms", "p99_ms", "failed")
    return Throughput(*(statistics.median(getattr(row, name) for row in rounds) for name in names))


def bare_throughput(photo_file: Path, seconds: float) -> Throughput:
    """Of the pipeline without a server, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.server.bare", str(photo_file), str(seconds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return Throughput(**json.loads(done.stdout))


def throughput(server: Running, jpeg: bytes, seconds: float) -> Throughput:
    """Of a server with a few clients who ask all the time."""
    before = server.cpu_s()
    answers = ask_in_a_loop(server.port, server.kind.request(jpeg), clients=_BUSY_CLIENTS, seconds=seconds)
    n_failed, n_right = sum(answers.others.values()), len(answers.seconds)
    cpu_s = (server.cpu_s() - before) / n_right if n_right else float("nan")
    p50_ms, p95_ms, p99_ms = (answers.percentile_ms(share) for share in (0.5, 0.95, 0.99))
    return Throughput(answers.per_s, cpu_s, p50_ms, p95_ms, p99_ms, n_failed / max(1, n_failed + n_right))


def memory_mb(server: Running, jpeg: bytes, workers: int, seconds: float) -> tuple[float, float]:
    """What the server holds at rest, and the most of it with a few clients for each worker: see `proportional_mb`."""
    request, at_rest, most = server.kind.request(jpeg), server.proportional_mb(), 0.0
    end = time.perf_counter() + seconds

    def watch() -> None:
        nonlocal most
        while time.perf_counter() < end:
            most = max(most, server.proportional_mb())
            time.sleep(_BETWEEN_LOOKS_S)

    def ask() -> None:
        ask_in_a_loop(server.port, request, clients=workers * _BUSY_CLIENTS, seconds=seconds)

    run_at_once([watch, ask])
    return at_rest, most


def unloaded_median_ms(server: Running, jpeg: bytes, seconds: float) -> float:
    """The median answer to a lone client."""
    return ask_in_a_loop(server.port, server.kind.request(jpeg), clients=1, seconds=seconds).percentile_ms(0.5)


def at_rate(server: Running, jpeg: bytes, per_s: float, seconds: float, *, at_random: bool) -> Answers:
    """Answers to so many requests a second, whether the server keeps up or not."""
    request = server.kind.request(jpeg)
    return ask_at_a_rate(server.port, request, per_s=per_s, clients=32, seconds=seconds, at_random=at_random)


def recovery_s(server: Running, jpeg: bytes, usual_ms: float) -> float:
    """After an overload: seconds until a lone client is answered in at most twice the usual time."""
    began, client, request = time.perf_counter(), Client(server.port), server.kind.request(jpeg)
    while True:
        asked = time.perf_counter()
        status = client.ask(request)
        if status == 200 and 1000 * (time.perf_counter() - asked) <= 2 * usual_ms:
            return time.perf_counter() - began
