"""The torch runtime: learner.pkl, loaded through fastai, on CUDA where there is one."""

from __future__ import annotations

import copy
import logging
import os

import torch

from app.errors import BundleDamagedError, BundleError
from app.inference.recorded_network import RecordedNetwork, record_on_cuda
from app.inference.runtime import Array, NetworkOutput, OutOfDeviceMemoryError
from app.vision.bundle import HEAD_OUTPUTS, LEARNER, NETWORK_OUTPUTS, ModelBundle
from app.vision.card import Card
from app.vision.golden import GOLDEN_TOLERANCE, golden_batch, golden_gap
from app.vision.learner import EvidenceNetwork, load_verified_learner

_log = logging.getLogger(__name__)


class TorchRuntime:
    """The learner's network: in float32 on a CPU; on CUDA in float16, if that gives the card's golden outputs.

    Weights and activations are channels-last, which convolutions on CUDA are fastest with.

    Thread safety: torch modules in eval mode may be run from any number of threads, and so may `RecordedNetwork`.
    """

    parallel = 1

    def __init__(self, bundle: ModelBundle, threads: int, max_batch: int = 32, device: str | None = None) -> None:
        """Unpickles the learner, if its sha256 is the card's.

        Args:
            threads: of a prediction on the CPU; 0: as many as there are cores.
            max_batch: photos that are looked at together on CUDA, if its memory has room for them.
            device: as torch calls it; None: CUDA where there is one, else the CPU.
        Raises:
            BundleMissingError, BundleDamagedError: learner.pkl is not there, not the card's, or cannot be unpickled.
            BundleError: the device has no memory for the network.
        """
        self._device = torch.device(device or ("cuda" if self.finds_cuda() else "cpu"))
        if self._device.type == "cpu":
            torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
        try:
            learner = load_verified_learner(bundle)
        except BundleError:
            raise
        except Exception as exc:  # Unpickling may raise anything that the pickled classes do.
            raise BundleDamagedError(f"{LEARNER} of bundle {bundle.path.name} cannot be loaded: {exc!r}") from exc
        try:
            self._place(EvidenceNetwork(learner.model).eval(), bundle.card, max_batch)
        except torch.OutOfMemoryError as exc:
            self._forget_freed()
            raise BundleError(f"{self._device} has no memory for the network of bundle {bundle.path.name}.") from exc
        self.name = f"torch on {self._device.type.upper()}, {str(self._dtype).removeprefix('torch.')}"

    def _place(self, network: EvidenceNetwork, card: Card, max_batch: int) -> None:
        """Brings the network to the device, in what it is fastest with there."""
        network = network.to(self._device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        on_cuda = self._device.type == "cuda"
        self._forget_freed()  # What networks served before have left: torch keeps the memory of their graphs.
        self._network = fast_if_faithful(network, card, self._device) if on_cuda else network
        self._dtype = next(self._network.parameters()).dtype
        self._recorded: RecordedNetwork | None = None
        if on_cuda:
            self._recorded = RecordedNetwork(self._network, card.preprocess.size_px, max_batch, record_on_cuda())
            self._forget_freed()  # What it took to record.
        self.max_batch = self._recorded.max_batch if self._recorded else 1

    @staticmethod
    def finds_cuda() -> bool:
        """Whether torch sees a CUDA device; never to be called before gunicorn has forked."""
        return torch.cuda.is_available()

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        """See `Runtime.run`."""
        try:
            outputs = self._outputs(batch, with_layers)
        except torch.OutOfMemoryError as exc:
            self._forget_freed()
            raise OutOfDeviceMemoryError(f"no memory on {self._device} for {len(batch)} photos") from exc
        return NetworkOutput.from_arrays(outputs, NETWORK_OUTPUTS if with_layers else HEAD_OUTPUTS)

    def _forget_freed(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _outputs(self, batch: Array, with_layers: bool) -> list[Array]:
        if self._recorded is None:
            n_outputs = len(NETWORK_OUTPUTS if with_layers else HEAD_OUTPUTS)
            return _outputs(self._network, batch, self._device, self._dtype)[:n_outputs]
        return self._recorded.everything(batch) if with_layers else self._recorded.heads(batch)


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
