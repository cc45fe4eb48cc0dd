"""`python -m tests.bench.server`: this server beside the bare pipeline and other servers; see `make bench-server`."""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench.server.load import Client
from tests.bench.server.measure import (
    Throughput,
    at_rate,
    bare_throughput,
    median,
    memory_mb,
    recovery_s,
    throughput,
    unloaded_median_ms,
)
from tests.bench.server.pictures import Photo, draw_photos
from tests.bench.server.servers import Running, bentoml, litserve, ours, running, usual_flask

# Two servers, one queue, random arrivals at 70 % of what they can do, each request of the same length (M/D/2): its 99th
# percentile, by simulation of 200,000 requests.
_IDEAL_P99 = 4.1
_PEERS = (usual_flask, litserve, bentoml)


def main() -> None:
    """Prints the tables as they are measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.server", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement (%(default)g)")
    parser.add_argument("--rounds", type=int, default=3, help="of them the median is shown (%(default)d)")
    parser.add_argument("--requests", type=int, default=2_000, help="of the watch on memory (%(default)d)")
    options = parser.parse_args()
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} before the start", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder, photos = Path(name), draw_photos()
        beside_each_other(photos, folder, options.seconds, options.rounds)
        for workers in {1, len(os.sched_getaffinity(0))}:
            under_load(photos[-1], folder, options.seconds, workers)
        one_core_and_all(photos[0], folder, options.seconds, options.rounds)
        of_further_workers(photos, folder, options.seconds)
        over_many_requests(photos[-1], folder, options.requests)


def beside_each_other(photos: list[Photo], folder: Path, seconds: float, rounds: int) -> None:
    """All servers run; they and the bare pipeline are measured in turn, so that what disturbs one disturbs all.

    For each photo they are started anew: the app with `learn.predict` may break for good.
    """
    kinds = [ours(), ours(len(os.sched_getaffinity(0))), *(peer() for peer in _PEERS)]
    for kind in kinds:
        if not kind.is_installed:
            print(f"{kind.name}: not installed (make bench-peers)")
    for photo in photos:
        file = folder / "photo.jpg"
        file.write_bytes(photo.jpeg)
        with ExitStack() as stack:
            installed = [kind for kind in kinds if kind.is_installed]
            servers = [stack.enter_context(running(kind, photo.jpeg, folder)) for kind in installed]
            bare, found = _rounds(servers, photo, file, seconds, rounds)
            _print_throughput(photo, bare, found, servers)


def _rounds(
    servers: list[Running], photo: Photo, file: Path, seconds: float, rounds: int
) -> tuple[Throughput, list[Throughput]]:
    bare: list[Throughput] = []
    found: list[list[Throughput]] = [[] for _ in servers]
    for _ in range(rounds):
        bare.append(bare_throughput(file, seconds))
        for rows, server in zip(found, servers, strict=True):
            rows.append(throughput(server, photo.jpeg, seconds))
    return median(bare), [median(rows) for rows in found]


def _print_throughput(photo: Photo, bare: Throughput, found: list[Throughput], servers: list[Running]) -> None:
    print(f"\n## {photo.name}, {len(photo.jpeg) / 1e6:.1f} MB\n")
    print("| | photos/s | of the bare | p50 | p95 | p99 ms | failed | CPU ms a photo | MB resident | ready s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    print(f"| bare pipeline | {bare.per_s:.1f} | 1.00 | | | | | {1000 * bare.cpu_s:.1f} | | |")
    for row, server in zip(found, servers, strict=True):
        memory = " + ".join(f"{mb:.0f}" for mb in server.resident_mb())
        times = " | ".join(f"{value:.0f}" for value in (row.p50_ms, row.p95_ms, row.p99_ms))
        share = row.per_s / bare.per_s
        cost = f"{row.failed:.1%} | {1000 * row.cpu_s:.1f} | {memory} | {server.ready_s:.2f}"
        print(f"| {server.kind.name} | {row.per_s:.1f} | {share:.2f} | {times} | {cost} |", flush=True)


def under_load(photo: Photo, folder: Path, seconds: float, workers: int) -> None:
    """At 70 % of the capacity, then at twice of it, and after that."""
    with running(ours(workers), photo.jpeg, folder) as server:
        throughput(server, photo.jpeg, seconds / 4)  # Time for all of them to start.
        lone_ms = unloaded_median_ms(server, photo.jpeg, seconds)
        capacity = throughput(server, photo.jpeg, seconds).per_s
        print(f"\n## Under load, {photo.name}, {server.kind.name}\n")
        print(f"a lone client: median {lone_ms:.1f} ms; capacity {capacity:.1f}/s")
        for how, at_random in (("evenly", False), ("at random", True)):
            busy = at_rate(server, photo.jpeg, 0.7 * capacity, 3 * seconds, at_random=at_random)
            p99_ms = busy.percentile_ms(0.99)
            print(f"at 70 % of it, {how}: p99 {p99_ms:.1f} ms, {p99_ms / lone_ms:.2f} times that median, {busy.others}")
        print(f"(at random, two cores that cost nothing of their own: {_IDEAL_P99:.1f} times)")
        flood = at_rate(server, photo.jpeg, 2.0 * capacity, 4 * seconds, at_random=True)
        back_s, share = recovery_s(server, photo.jpeg, lone_ms), flood.per_s / capacity
        print(f"at twice of it: {share:.2f} of it is answered, refused: {flood.others}; back in {back_s:.2f} s")


def one_core_and_all(photo: Photo, folder: Path, seconds: float, rounds: int) -> None:
    """How much more all cores do than one."""
    found: dict[str, list[Throughput]] = {"0": [], f"0-{os.cpu_count()}": []}
    for _ in range(rounds):
        for cores, rows in found.items():
            with running(ours(), photo.jpeg, folder, prefix=("taskset", "-c", cores)) as server:
                rows.append(throughput(server, photo.jpeg, seconds))
    one, every = (median(rows).per_s for rows in found.values())
    print(f"\n## Cores, {photo.name}\n\none: {one:.1f}/s; all: {every:.1f}/s, {every / one:.2f} times that", flush=True)


def of_further_workers(photos: list[Photo], folder: Path, seconds: float) -> None:
    """Memory of the whole server with one worker, two and three, what they share counted once."""
    print("\n## Memory by workers, what they share counted once\n")
    for photo in photos:
        rows = []
        for workers in (1, 2, 3):
            with running(ours(workers), photo.jpeg, folder) as server:
                throughput(server, photo.jpeg, seconds / 4)  # Time for all of them to start.
                rows.append(memory_mb(server, photo.jpeg, workers, seconds))
        shown = "; ".join(f"{busy:.0f} MB, {at_rest:.0f} before" for at_rest, busy in rows)
        print(f"{photo.name}, one, two, three workers under load: {shown}", flush=True)


def over_many_requests(photo: Photo, folder: Path, n_requests: int) -> None:
    """Memory after a tenth of the requests and after all, and of a second worker."""
    with running(ours(workers=2), photo.jpeg, folder) as server:
        client, request = Client(server.port), server.kind.request(photo.jpeg)
        for index in range(n_requests):
            client.ask(request)
            if index in (n_requests // 10, n_requests - 1):
                memory = " + ".join(f"{mb:.0f}" for mb in server.resident_mb())
                print(f"memory of master and two workers after {index + 1} requests: {memory} MB", flush=True)


if __name__ == "__main__":
    main()
