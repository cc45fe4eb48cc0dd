"""A network whose batches are counted."""

from __future__ import annotations

from collections.abc import Callable

from app.inference.network import Network, Ran
from app.inference.runtime import Array
from app.ops.metrics.catalogue import BATCH_PHOTOS
from app.ops.metrics.tally import Tally


class CountedNetwork:
    """Another network, and a tally of its batches; the warm-up is one of them."""

    def __init__(self, network: Network, tally: Tally) -> None:
        self._network = network
        self._tally = tally
        self.name = network.name

    @property
    def is_lost(self) -> bool:
        """See `Network.is_lost`."""
        return self._network.is_lost

    def run(self, batch: Array, ensure_wanted: Callable[[], None], *, with_layers: bool = False) -> Ran:
        """See `Network.run`."""
        ran = self._network.run(batch, ensure_wanted, with_layers=with_layers)
        if ran.is_first:
            self._tally.observe(BATCH_PHOTOS, float(ran.batch_size))
        return ran
