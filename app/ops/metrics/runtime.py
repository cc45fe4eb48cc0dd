"""A runtime that counts the batches it is given."""

from __future__ import annotations

from app.inference.runtime import Array, NetworkOutput, Runtime
from app.ops.metrics.catalogue import BATCH_PHOTOS
from app.ops.metrics.tally import Tally


class CountedRuntime:
    """Another runtime, and a tally of its batches; the warm-up is one of them."""

    def __init__(self, runtime: Runtime, tally: Tally) -> None:
        self._runtime = runtime
        self._tally = tally
        self.name = runtime.name
        self.parallel = runtime.parallel
        self.max_batch = runtime.max_batch

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        """See `Runtime.run`."""
        self._tally.observe(BATCH_PHOTOS, float(len(batch)))
        return self._runtime.run(batch, with_layers=with_layers)
