"""The CPU runtime: model.onnx in ONNX Runtime, without torch and fastai.

Chosen by measurement on two cores of an EPYC with AVX512 (ResNet-18, 224 px, one photo at a time, all outputs):
ONNX Runtime 1.31.1 8.7 ms, ready in 0.24 s, 68 MB installed; OpenVINO 2026.4.1 float32 10.1 ms, 0.41 s, 180 MB, and
bf16 6.3 ms with probabilities off by 8e-4. Decoding a photo costs more than either.
"""

from __future__ import annotations

import ctypes
import os

import onnxruntime

from app.errors import BundleDamagedError
from app.inference.runtime import Array, NetworkOutput
from app.vision.bundle import NETWORK, NETWORK_OUTPUTS, ModelBundle


class CpuRuntime:
    """model.onnx on the CPU.

    Thread safety: an ONNX Runtime session may be run from any number of threads; nothing else is kept.
    """

    name = "onnxruntime on CPU"
    max_batch = 1  # More at once take as long as one after the other.

    def __init__(self, bundle: ModelBundle, threads: int) -> None:
        """Loads the network, verified against the card.

        Raises:
            BundleMissingError, BundleDamagedError: model.onnx is not there, not the card's, or no such network.
        """
        self.parallel = threads or len(os.sched_getaffinity(0))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.parallel
        # A lone photo has all cores. Of several at once each has one: only if those of another photo that have nothing
        # to do sleep, in place of waiting for it busily.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # 10 MB less for the same speed.
        options.log_severity_level = 3
        path = bundle.verified_file(NETWORK)
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as exc:  # onnxruntime's own errors share no base but Exception.
            raise BundleDamagedError(f"{NETWORK} of bundle {bundle.path.name} cannot be loaded: {exc}") from exc
        if tuple(output.name for output in self._session.get_outputs()) != NETWORK_OUTPUTS:
            raise BundleDamagedError(f"{NETWORK} of bundle {bundle.path.name} has not the outputs {NETWORK_OUTPUTS}.")
        _give_back_freed_memory()

    def run(self, batch: Array) -> NetworkOutput:
        """See `Runtime.run`."""
        return NetworkOutput.from_arrays(self._session.run(NETWORK_OUTPUTS, {"batch": batch}), NETWORK_OUTPUTS)


def _give_back_freed_memory() -> None:
    """Loading a network frees as much as it keeps; glibc holds on to it (130 of 230 MB) until asked."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
