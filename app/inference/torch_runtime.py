"""The torch runtime: learner.pkl, loaded through fastai, on CUDA where there is one."""

from __future__ import annotations

import os

import torch

from app.errors import BundleDamagedError, BundleError
from app.inference.runtime import Array, NetworkOutput
from app.vision.bundle import LEARNER, NETWORK_OUTPUTS, ModelBundle
from app.vision.learner import EvidenceNetwork, load_verified_learner


class TorchRuntime:
    """The learner's network in float32.

    Thread safety: torch modules in eval mode may be run from any number of threads; nothing else is kept.
    """

    def __init__(self, bundle: ModelBundle, threads: int) -> None:
        """Unpickles the learner, if its sha256 is the card's.

        Raises:
            BundleMissingError, BundleDamagedError: learner.pkl is not there, not the card's, or cannot be unpickled.
        """
        self._device = torch.device("cuda" if self.finds_cuda() else "cpu")
        if self._device.type == "cpu":
            torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
        try:
            learner = load_verified_learner(bundle)
        except BundleError:
            raise
        except Exception as exc:  # Unpickling may raise anything that the pickled classes do.
            raise BundleDamagedError(f"{LEARNER} of bundle {bundle.path.name} cannot be loaded: {exc!r}") from exc
        self._network = EvidenceNetwork(learner.model).eval().to(self._device)
        self.name = f"torch on {self._device.type.upper()}"

    @staticmethod
    def finds_cuda() -> bool:
        """Whether torch sees a CUDA device; never to be called before gunicorn has forked."""
        return torch.cuda.is_available()

    def run(self, batch: Array) -> NetworkOutput:
        """See `Runtime.run`."""
        with torch.inference_mode():
            outputs = self._network(torch.from_numpy(batch).to(self._device))
        return NetworkOutput.from_arrays([output.cpu().numpy() for output in outputs], NETWORK_OUTPUTS)
