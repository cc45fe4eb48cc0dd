"""`python -m tests.bench.server.gpu`: the torch runtime on CUDA beside a bare torch loop; see `make bench-gpu`.

It also checks, on the device, what the tests check with a stand-in: the probabilities, and what little memory brings.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.queues import Queue
from pathlib import Path

import numpy as np
import torch

from app.errors import BundleError
from app.inference.cpu_runtime import CpuRuntime
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.inference.runtime import Array, NetworkOutput
from app.inference.torch_runtime import TorchRuntime, fast_if_faithful
from app.vision.bundle import ModelBundle, read_current_bundle
from app.vision.golden import golden_batch, golden_gap
from app.vision.image_io import open_image
from app.vision.learner import EvidenceNetwork, load_verified_learner
from app.vision.limits import ImageLimits
from app.vision.preprocess import fit_image, to_batch
from app.vision.scores import probabilities
from tests.bench.server.load import Answers, ask_at_a_rate, ask_in_a_loop, count_at_once
from tests.bench.server.pictures import Photo, draw_photos
from tests.bench.server.servers import Running, ours, running
from tests.conftest import ROOT
from tests.photos import draw_scene, encode

_TOLERANCE = 1e-3  # As in tests/contract/test_parity.py.
_LOADERS = 4  # Processes that ask.
_OWNER_ENDS_S = 5.0  # After the workers of the server before.
_N_PHOTOS, _AT_ONCE = 40, 7
_Part = tuple[list[float], dict[int, int], float]  # Of `Answers`, whose lock cannot go from process to process.


def main() -> None:
    """Prints the tables as they are measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.server.gpu", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement (%(default)g)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 8], help="(%(default)s)")
    parser.add_argument("--clients", type=int, default=64, help="who ask all the time (%(default)d)")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("There is no CUDA device here.")
    n_cores, bundle = len(os.sched_getaffinity(0)), read_current_bundle(ROOT / "models")
    print(f"{torch.cuda.get_device_name()}, {n_cores} cores, torch {torch.__version__}", flush=True)
    check_probabilities(bundle)
    check_little_memory(bundle)
    network_alone(bundle)
    photos = draw_photos()
    limits = {photo.name: pipeline_in_its_own_process(photo, options.seconds) for photo in photos}
    for workers in options.workers:
        as_a_server(workers, photos, limits, options.clients, options.seconds)


def check_probabilities(bundle: ModelBundle) -> None:
    """CUDA's beside those of model.onnx."""
    spec = bundle.card.preprocess
    photos = [encode(draw_scene(seed, (640, 480))) for seed in range(_N_PHOTOS)]
    batches = [to_batch([fit_image(open_image(photo, decode_px=spec.decode_px), spec)], spec) for photo in photos]
    on_cuda, on_cpu = TorchRuntime(bundle, 1), CpuRuntime(bundle, 1)
    starts = range(0, _N_PHOTOS, _AT_ONCE)
    together = np.concatenate([on_cuda.run(np.concatenate(batches[at : at + _AT_ONCE])).logits for at in starts])
    alone = np.concatenate([on_cuda.run(batch, with_layers=True).logits for batch in batches])
    expected = probabilities(np.concatenate([on_cpu.run(batch).logits for batch in batches]), bundle.card)
    for how, logits in {"in batches": together, "alone, with layers": alone}.items():
        gap = float(np.abs(probabilities(logits, bundle.card) - expected).max())
        print(f"{on_cuda.name}, {how}: probabilities off by {gap:.1e}, {_TOLERANCE:g} is allowed", flush=True)
        if not gap <= _TOLERANCE:
            sys.exit("which is too much")


def check_little_memory(bundle: ModelBundle) -> None:
    """A process that may have little of the device's memory takes fewer photos at once, or refuses the bundle; it gives
    the same verdicts.
    """
    context = multiprocessing.get_context("spawn")
    for megabytes in (20_000, 600, 300, 20):
        found: Queue[tuple[int, float]] = context.Queue()
        process = context.Process(target=_look_with_little, args=(bundle, megabytes, found))
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(f"with {megabytes} MB of memory it fails")
        n_photos, gap = found.get()
        became = f"{n_photos} photos at once, off by {gap:.1e}" if n_photos else "the bundle is refused"
        print(f"with {megabytes} MB of memory: {became}", flush=True)
        if not gap <= _TOLERANCE:
            sys.exit("which is too much")


def _look_with_little(bundle: ModelBundle, megabytes: int, found: Queue[tuple[int, float]]) -> None:
    """How many photos fit at once, 0 if the bundle is refused, and how far off the golden picture then is."""
    share = 1e6 * megabytes / torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(share)
    try:
        runtime = TorchRuntime(bundle, 1, 256)
    except BundleError:
        found.put((0, 0.0))
        return
    batch = golden_batch(bundle.card.preprocess).repeat(runtime.max_batch, 0)
    found.put((runtime.max_batch, golden_gap(runtime.run(batch).logits[-1:], bundle.card)))


def network_alone(bundle: ModelBundle) -> None:
    """From a batch on the host to its verdicts' numbers on the host, beside a loop that leaves both on the device."""
    runtime, device, side = TorchRuntime(bundle, 1, 32), torch.device("cuda"), bundle.card.preprocess.size_px
    network = EvidenceNetwork(load_verified_learner(bundle).model).eval().to(device)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network = fast_if_faithful(network, bundle.card, device)
    dtype = next(network.parameters()).dtype
    print(f"\n## The network alone, {runtime.name}\n\n| photos at once | bare torch loop | ours | ours / bare |")
    print("|---|---|---|---|")
    for size in (1, 8, 32):
        batch = np.random.default_rng(size).standard_normal((size, 3, side, side), np.float32)
        on_device = torch.from_numpy(batch).to(device, dtype, memory_format=torch.channels_last)
        bare = size / _median_s(lambda photos=on_device: _bare(network, photos))  # type: ignore[misc]
        mine = size / _median_s(lambda photos=batch: runtime.run(photos))  # type: ignore[misc]
        print(f"| {size} | {bare:.0f}/s | {mine:.0f}/s | {mine / bare:.2f} |", flush=True)


def _bare(network: EvidenceNetwork, photos: torch.Tensor) -> None:
    with torch.inference_mode():
        network(photos)
    torch.cuda.synchronize()


def _median_s(work: Callable[[], object], times: int = 50) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def pipeline_in_its_own_process(photo: Photo, seconds: float) -> float:
    """Photos a second without a server: one process, one owner of the device, two threads a core."""
    context = multiprocessing.get_context("spawn")
    found: Queue[float] = context.Queue()
    process = context.Process(target=_pipeline, args=(photo.jpeg, seconds, found))
    process.start()
    per_s = found.get(timeout=seconds + 120)
    process.join()
    return per_s


class _Watched:
    """A runtime that notes how many photos it was given at once."""

    def __init__(self, runtime: TorchRuntime) -> None:
        self._runtime, self.sizes = runtime, list[int]()
        self.name, self.parallel, self.max_batch = runtime.name, runtime.parallel, runtime.max_batch

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        self.sizes.append(len(batch))
        return self._runtime.run(batch, with_layers=with_layers)


def _pipeline(jpeg: bytes, seconds: float, found: Queue[float]) -> None:
    bundle, n_threads = read_current_bundle(ROOT / "models"), 2 * len(os.sched_getaffinity(0))
    runtime = _Watched(TorchRuntime(bundle, 1))
    predictor = Predictor(bundle, NetworkQueue(runtime, 1_000, 60.0), ImageLimits(), 60.0, max_decoding_bytes=10**11)
    predictor.predict(jpeg)
    cpu_began = time.process_time()
    n_photos, taken_s = count_at_once(lambda: predictor.predict(jpeg), n_threads, seconds)
    cpu_ms, size = 1000 * (time.process_time() - cpu_began) / n_photos, statistics.mean(runtime.sizes)
    print(f"pipeline in one process: {n_photos / taken_s:.0f}/s, {cpu_ms:.1f} CPU ms, {size:.1f} at once")
    found.put(n_photos / taken_s)


def as_a_server(workers: int, photos: list[Photo], limits: dict[str, float], clients: int, seconds: float) -> None:
    """Throughput, and the 99th percentile at 70 % of it."""
    threads = max(4, 2 * len(os.sched_getaffinity(0)) // workers)
    kind = ours(workers, WHICHPARK_RUNTIME="torch", WHICHPARK_THREADS=str(threads), WHICHPARK_MAX_QUEUE="64")
    time.sleep(_OWNER_ENDS_S)
    free_before = torch.cuda.mem_get_info()[0]
    with tempfile.TemporaryDirectory() as name, running(kind, photos[-1].jpeg, Path(name)) as server:
        _asked(server, photos[-1], 2.0, clients, None)  # All workers are up after this.
        on_device = (free_before - torch.cuda.mem_get_info()[0]) / 1e6
        print(f"\n## {workers} workers of {threads} threads, {clients} clients; ready in {server.ready_s:.1f} s")
        for photo in photos:
            full = _asked(server, photo, seconds, clients, None)
            steady = _asked(server, photo, seconds, clients, 0.7 * full.per_s)
            lone = _asked(server, photo, 2.0, 1, None)
            share, others = full.per_s / limits[photo.name], {**full.others, **steady.others}
            print(
                f"{photo.name}: {full.per_s:.0f}/s, {share:.2f} of the pipeline in one process; "
                f"p50 {full.percentile_ms(0.5):.0f}, p99 {full.percentile_ms(0.99):.0f} ms; "
                f"at 70 % p99 {steady.percentile_ms(0.99):.1f} ms, a lone client {lone.percentile_ms(0.5):.1f} ms; "
                f"other answers: {others}",
                flush=True,
            )
        print(f"resident {sum(server.resident_mb()):.0f} MB, on the device {on_device:.0f} MB", flush=True)


def _asked(server: Running, photo: Photo, seconds: float, clients: int, per_s: float | None) -> Answers:
    """Asked by several processes, since one could not ask enough."""
    n_loaders = min(_LOADERS, clients)
    context, each = multiprocessing.get_context("fork"), clients // n_loaders
    found: Queue[_Part] = context.Queue()
    rate = None if per_s is None else per_s / n_loaders
    arguments = (server.port, server.kind.request(photo.jpeg), each, seconds, rate, found)
    loaders = [context.Process(target=_ask, args=arguments) for _ in range(n_loaders)]
    for loader in loaders:
        loader.start()
    parts = [found.get(timeout=seconds + 120) for _ in loaders]
    for loader in loaders:
        loader.join()
    return _joined(parts)


def _ask(port: int, request: bytes, clients: int, seconds: float, per_s: float | None, found: Queue[_Part]) -> None:
    if per_s is None:
        answers = ask_in_a_loop(port, request, clients=clients, seconds=seconds)
    else:
        answers = ask_at_a_rate(port, request, per_s=per_s, clients=clients, seconds=seconds, at_random=True)
    found.put((answers.seconds, answers.others, answers.taken_s))


def _joined(parts: list[_Part]) -> Answers:
    whole = Answers(taken_s=max(taken_s for _, _, taken_s in parts))
    for answered, others, _ in parts:
        whole.seconds += answered
        for status, n in others.items():
            whole.others[status] = whole.others.get(status, 0) + n
    return whole


if __name__ == "__main__":
    main()
