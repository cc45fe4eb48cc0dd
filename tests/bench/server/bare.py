"""The limit: what the server does to a photo, without a server.

`python -m tests.bench.server.bare PHOTO SECONDS` prints JSON.

One process, one thread a core, each of which takes a photo's bytes through decoding, fitting, network and verdict, one
photo after the other; the network has one thread for each of them, which wastes nothing on working together.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from app.inference.classifier import Classifier
from app.inference.cpu_runtime import CpuRuntime
from app.vision.bundle import read_current_bundle
from app.vision.image_io import open_image
from app.vision.preprocess import fit_image, to_batch
from tests.bench.server.load import count_at_once
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
    cpu_began = time.process_time()
    n_photos, taken_s = count_at_once(look, n_cores, seconds)
    return {"per_s": n_photos / taken_s, "cpu_s": (time.process_time() - cpu_began) / n_photos}


if __name__ == "__main__":
    print(json.dumps(photos_per_s(Path(sys.argv[1]).read_bytes(), float(sys.argv[2]))))
