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

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        self.batches.append(batch)
        n = len(batch)
        evidence = np.zeros((n, len(self.logits), *PLACES), dtype=np.float32)
        evidence[..., 0] = self.logits[None, :, None] * PLACES[1]
        embedding = np.ones((n, 4), dtype=np.float32)
        layers = some_layers(n) if with_layers else {}
        return NetworkOutput(np.repeat(self.logits[None], n, axis=0), embedding, evidence, layers)


def some_layers(n: int) -> dict[str, Array]:
    """Maps that get coarser from layer to layer, down to a single place."""
    shapes = {"stem": (8, 16, 16), "layer1": (8, 8, 8), "layer2": (12, 4, 4), "layer3": (16, 1, 1)}
    rng = np.random.default_rng(0)
    return {name: np.repeat(rng.random((1, *shape), dtype=np.float32), n, axis=0) for name, shape in shapes.items()}
