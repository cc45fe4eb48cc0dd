"""What runs the network: the interface, and the choice of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.errors import BundleError
from app.inference.cuda import may_be_torch
from app.vision.bundle import ModelBundle

Array = NDArray[np.float32]


@dataclass(frozen=True)
class NetworkOutput:
    """What the network gives for a batch of N photos, all float32.

    `logits` (N, K); `embedding` (N, D); `evidence` (N, K, h, w), whose mean over the places is `logits`; `layers`, the
    activations (N, C, h, w) of the stem and of the layers 1 to 3, by name, where they were asked for.
    """

    logits: Array
    embedding: Array
    evidence: Array
    layers: dict[str, Array]

    @classmethod
    def from_arrays(cls, arrays: list[Array], names: tuple[str, ...]) -> NetworkOutput:
        """Of the outputs of these names: `bundle.NETWORK_OUTPUTS` or `bundle.HEAD_OUTPUTS`."""
        logits, embedding, evidence, *layers = arrays
        return cls(logits, embedding, evidence, dict(zip(names[3:], layers, strict=True)))

    def only(self, index: int) -> NetworkOutput:
        """What is of one photo of the batch, N = 1."""
        one = slice(index, index + 1)
        layers = {name: maps[one] for name, maps in self.layers.items()}
        return NetworkOutput(self.logits[one], self.embedding[one], self.evidence[one], layers)


class OutOfDeviceMemoryError(Exception):
    """The device has no memory for a batch of this size. Raised by a runtime, dealt with by the network's queue."""


class Runtime(Protocol):
    """Runs one network. Safe to call from several threads at once.

    `parallel` batches at once, of up to `max_batch` photos each, are what uses the device best.
    """

    parallel: int
    max_batch: int

    @property
    def name(self) -> str:
        """What runs where, for people: `onnxruntime on CPU`."""
        ...

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        """The outputs for a batch, float32 (N, 3, H, W), as `preprocess.to_batch` makes it.

        Args:
            with_layers: `NetworkOutput.layers` is wanted: a megabyte or two a photo.
        Raises:
            OutOfDeviceMemoryError: the batch is too large for the device's memory.
        """
        ...


def load_runtime(kind: str, bundle: ModelBundle, threads: int, max_batch: int = 32) -> Runtime:
    """The runtime of a setting: `cpu`, `torch`, or `auto` (torch where it is installed and finds CUDA, else cpu).

    Args:
        threads: how many photos the CPU runtime takes at once, and how many threads torch has on a CPU; 0: as many as
            there are cores.
        max_batch: photos that a GPU looks at together.
    Raises:
        BundleError: the bundle lacks what the runtime reads, or torch is asked for and not installed.
    """
    runtime = load_torch_runtime(kind, bundle, threads, max_batch) if may_be_torch(kind) else None
    if runtime is not None:
        return runtime
    from app.inference.cpu_runtime import CpuRuntime

    return CpuRuntime(bundle, threads)


def load_torch_runtime(kind: str, bundle: ModelBundle, threads: int, max_batch: int) -> Runtime | None:
    """The torch runtime, see `load_runtime`; None: it is `auto`, and there is no CUDA."""
    try:
        from app.inference.torch_runtime import TorchRuntime
    except ImportError as exc:
        raise BundleError(f"The torch runtime needs torch and fastai, which are not installed: {exc}") from exc
    return TorchRuntime(bundle, threads, max_batch) if kind == "torch" or TorchRuntime.finds_cuda() else None
