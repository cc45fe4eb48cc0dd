"""Stand-ins that are told what to answer and remember what they were asked."""

from __future__ import annotations

import numpy as np

from app.inference.runtime import Array, NetworkOutput

PLACES = (2, 3)


class FakeRuntime:
    """Answers every photo with the same logits, its evidence all on the left; `batches` are those it was given."""

    name = "fake"
    parallel = 1
    max_batch = 1

    def __init__(self, logits: list[float]) -> None:
        self.logits = np.array(logits, dtype=np.float32)
        self.batches: list[Array] = []

    def run(self, batch: Array) -> NetworkOutput:
        self.batches.append(batch)
        n = len(batch)
        evidence = np.zeros((n, len(self.logits), *PLACES), dtype=np.float32)
        evidence[..., 0] = self.logits[None, :, None] * PLACES[1]
        embedding = np.ones((n, 4), dtype=np.float32)
        return NetworkOutput(np.repeat(self.logits[None], n, axis=0), embedding, evidence, {})
