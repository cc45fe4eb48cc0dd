"""The torch runtime: learner.pkl, loaded through fastai, on CUDA where there is one."""

from __future__ import annotations

import copy
import logging
import os

import torch

from app.errors import BundleDamagedError, BundleError
from app.inference.runtime import Array, NetworkOutput, OutOfDeviceMemoryError
from app.vision.bundle import LEARNER, NETWORK_OUTPUTS, ModelBundle
from app.vision.card import Card
from app.vision.golden import GOLDEN_TOLERANCE, golden_batch, golden_gap
from app.vision.learner import EvidenceNetwork, load_verified_learner

_log = logging.getLogger(__name__)


class TorchRuntime:
    """The learner's network: in float32 on a CPU; on CUDA in float16, if that gives the card's golden outputs.

    Weights and activations are channels-last, which convolutions on CUDA are fastest with.

    Thread safety: torch modules in eval mode may be run from any number of threads; nothing else is kept.
    """

    parallel = 1

    def __init__(self, bundle: ModelBundle, threads: int, max_batch: int = 32, device: str | None = None) -> None:
        """Unpickles the learner, if its sha256 is the card's.

        Args:
            threads: of a prediction on the CPU; 0: as many as there are cores.
            max_batch: photos that are looked at together on CUDA.
            device: as torch calls it; None: CUDA where there is one, else the CPU.
        Raises:
            BundleMissingError, BundleDamagedError: learner.pkl is not there, not the card's, or cannot be unpickled.
        """
        self._device = torch.device(device or ("cuda" if self.finds_cuda() else "cpu"))
        self.max_batch = 1 if self._device.type == "cpu" else max_batch
        if self._device.type == "cpu":
            torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
        try:
            learner = load_verified_learner(bundle)
        except BundleError:
            raise
        except Exception as exc:  # Unpickling may raise anything that the pickled classes do.
            raise BundleDamagedError(f"{LEARNER} of bundle {bundle.path.name} cannot be loaded: {exc!r}") from exc
        network = EvidenceNetwork(learner.model).eval().to(self._device)
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = network if self._device.type == "cpu" else fast_if_faithful(network, bundle.card, self._device)
        self._dtype = next(self._network.parameters()).dtype
        self.name = f"torch on {self._device.type.upper()}, {str(self._dtype).removeprefix('torch.')}"

    @staticmethod
    def finds_cuda() -> bool:
        """Whether torch sees a CUDA device; never to be called before gunicorn has forked."""
        return torch.cuda.is_available()

    def run(self, batch: Array) -> NetworkOutput:
        """See `Runtime.run`."""
        try:
            outputs = _outputs(self._network, batch, self._device, self._dtype)
        except torch.OutOfMemoryError as exc:
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
            raise OutOfDeviceMemoryError(f"no memory on {self._device} for {len(batch)} photos") from exc
        return NetworkOutput.from_arrays(outputs, NETWORK_OUTPUTS)


def fast_if_faithful(network: EvidenceNetwork, card: Card, device: torch.device) -> EvidenceNetwork:
    """The network in float16, twice as fast on CUDA, if its probabilities of the golden picture are the card's then."""
    fast = copy.deepcopy(network).half()
    logits = _outputs(fast, golden_batch(card.preprocess), device, torch.float16)[0]
    gap = golden_gap(logits, card)
    if gap <= GOLDEN_TOLERANCE:
        return fast
    _log.warning("float16 is off by %.1e in probability, so the network runs in float32", gap)
    return network


def _outputs(network: EvidenceNetwork, batch: Array, device: torch.device, dtype: torch.dtype) -> list[Array]:
    with torch.inference_mode():
        on_device = torch.from_numpy(batch).to(device, dtype, memory_format=torch.channels_last)
        return [output.float().cpu().numpy() for output in network(on_device)]
