"""What takes one photo through the network: the interface, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.inference.runtime import Array, NetworkOutput

LOST = "The network is being started anew. Try again in half a minute."


@dataclass(frozen=True)
class Ran:
    """What the network gave for one photo (N = 1), and when it began and ended with it (`time.monotonic`).

    `batch_size` photos went through it together; `is_first` of one of them, so that batches can be counted.
    """

    output: NetworkOutput
    began_s: float
    ended_s: float
    batch_size: int = 1
    is_first: bool = True


class Network(Protocol):
    """Runs the network of one bundle. Safe to call from several threads at once."""

    @property
    def name(self) -> str:
        """What runs where, for people: `onnxruntime on CPU`."""
        ...

    @property
    def is_lost(self) -> bool:
        """Whether it has ended for good, so that the bundle is to be loaded anew."""
        ...

    def run(self, batch: Array, ensure_wanted: Callable[[], None], *, with_layers: bool = False) -> Ran:
        """The network's output for a batch of one photo, float32 (1, 3, H, W).

        Args:
            ensure_wanted: called before it costs something; what it raises is raised here.
            with_layers: see `Runtime.run`.
        Raises:
            UnavailableError: too many photos wait already, this one waited too long, or there is no network for it.
        """
        ...
