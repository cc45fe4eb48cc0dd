"""The limit: what the server does to a photo, without a server.

`python -m tests.bench.server.bare PHOTO SECONDS` prints JSON.

One process, one thread a core, each of which takes a photo's bytes through decoding, fitting, network and verdict, one
photo after the other; the network has one thread for each of them, which wastes nothing on working together.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

from app.inference.classifier import Classifier
from app.inference.cpu_runtime import CpuRuntime
from app.vision.bundle import read_current_bundle
from app.vision.image_io import open_image
from app.vision.preprocess import fit_image, to_batch
from tests.conftest import ROOT


def photos_per_s(jpeg: bytes, seconds: float) -> dict[str, float]:
    """Photos a second on all cores, and CPU seconds a photo."""
    bundle = read_current_bundle(ROOT / "models")
    spec, classifier = bundle.card.preprocess, Classifier(bundle.card, bundle.load_neighbours())
    runtime, n_cores = CpuRuntime(bundle, 1), len(os.sched_getaffinity(0))

    def look() -> None:
        image = open_image(jpeg, decode_px=spec.decode_px)
        output = runtime.run(to_batch([fit_image(image, spec)], spec))
        classifier.classify(output.logits[0], output.embedding[0])

    look()
    counts = [0] * n_cores
    began, cpu_began = time.perf_counter(), time.process_time()

    def look_on(index: int) -> None:
        while time.perf_counter() < began + seconds:
            look()
            counts[index] += 1

    threads = [threading.Thread(target=look_on, args=(index,)) for index in range(n_cores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    return {"per_s": sum(counts) / taken, "cpu_s": cpu / sum(counts)}


if __name__ == "__main__":
    print(json.dumps(photos_per_s(Path(sys.argv[1]).read_bytes(), float(sys.argv[2]))))
