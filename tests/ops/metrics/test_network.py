"""What is counted of batches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from app.inference.network import Ran
from app.inference.network_queue import NetworkQueue
from app.inference.runtime import Array
from app.ops.metrics.catalogue import BATCH_PHOTOS
from app.ops.metrics.exposition import summed
from app.ops.metrics.network import CountedNetwork
from app.ops.metrics.tally import Tally
from tests.fakes import FakeRuntime

PHOTO = np.zeros((1, 3, 2, 2), np.float32)


class Batched(NetworkQueue):
    """Says that each photo was one of three; the first was the first of them."""

    n_asked = 0

    def run(self, batch: Array, ensure_wanted: Callable[[], None], *, with_layers: bool = False) -> Ran:
        ran = super().run(batch, ensure_wanted, with_layers=with_layers)
        self.n_asked += 1
        return Ran(ran.output, ran.began_s, ran.ended_s, 3, self.n_asked == 1)


def observed(tally: Tally) -> tuple[float, float]:
    """How many batches, and how many photos they had together."""
    values = summed(tally.regions())[BATCH_PHOTOS.name][()]
    return sum(values[:-1]), values[-1]


def test_a_batch_is_counted_once_however_many_photos_it_had() -> None:
    tally = Tally()
    network = CountedNetwork(Batched(FakeRuntime([0.0]), 4, 5.0), tally)
    for _ in range(3):
        network.run(PHOTO, lambda: None)
    assert observed(tally) == (1, 3)


def test_a_photo_alone_is_a_batch() -> None:
    tally = Tally()
    network = CountedNetwork(NetworkQueue(FakeRuntime([0.0]), 4, 5.0), tally)
    for _ in range(2):
        network.run(PHOTO, lambda: None)
    assert observed(tally) == (2, 2)
    assert (network.name, network.is_lost) == ("fake", False)
