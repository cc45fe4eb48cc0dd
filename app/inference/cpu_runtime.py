"""The CPU runtime: model.onnx in ONNX Runtime, without torch and fastai.

Chosen by measurement on two cores of an EPYC with AVX512 (ResNet-18, 224 px, one photo at a time, all outputs):
ONNX Runtime 1.31.1 8.7 ms, ready in 0.24 s, 68 MB installed; OpenVINO 2026.4.1 float32 10.1 ms, 0.41 s, 180 MB, and
bf16 6.3 ms with probabilities off by 8e-4. On two cores of an EPYC without AVX512 (EfficientNet-Lite0, 288 px, one
thread): ONNX Runtime 22 ms, OpenVINO 25 ms. Two threads for a photo answer a lone one in 16 ms in place of 22, and 71
photos a second in place of 83 where several are at hand.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache

import onnxruntime

from app.errors import BundleDamagedError
from app.inference.runtime import Array, NetworkOutput
from app.vision.bundle import HEAD_OUTPUTS, NETWORK, NETWORK_OUTPUTS, ModelBundle


class CpuRuntime:
    """model.onnx on the CPU.

    Thread safety: an ONNX Runtime session may be run from any number of threads; nothing else is kept.
    """

    name = "onnxruntime on CPU"
    max_batch = 1  # More at once take as long as one after the other.

    def __init__(self, bundle: ModelBundle, threads: int) -> None:
        """Loads the network, verified against the card.

        Args:
            threads: how many photos are in it at once; 0: as many as there are cores.
        Raises:
            BundleMissingError, BundleDamagedError: model.onnx is not there, not the card's, or no such network.
        """
        self.parallel = threads or len(os.sched_getaffinity(0))
        path = bundle.verified_file(NETWORK)
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), _session_options(), providers=["CPUExecutionProvider"]
            )
        except Exception as exc:  # onnxruntime's own errors share no base but Exception.
            raise BundleDamagedError(f"{NETWORK} of bundle {bundle.path.name} cannot be loaded: {exc}") from exc
        if tuple(output.name for output in self._session.get_outputs()) != NETWORK_OUTPUTS:
            raise BundleDamagedError(f"{NETWORK} of bundle {bundle.path.name} has not the outputs {NETWORK_OUTPUTS}.")
        _give_back_freed_memory()

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        """See `Runtime.run`."""
        names = NETWORK_OUTPUTS if with_layers else HEAD_OUTPUTS
        return NetworkOutput.from_arrays(self._session.run(names, {"batch": batch}), names)


def _session_options() -> onnxruntime.SessionOptions:
    """One thread for a photo: `parallel` of them share the cores, and none waits for another."""
    _share_arena()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.enable_mem_pattern = False  # It would take the whole of what a photo needs in one block: 10 MB more.
    options.log_severity_level = 3
    return options


@cache
def _share_arena() -> None:
    """All networks of this process keep what they work in, and grow by what they ask for: without an arena the kernel
    clears it for every photo anew (35 ms of processor time in place of 24), and a session's own doubles as it grows.
    """
    anywhere = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    unlimited, as_asked_for, default = 0, 1, -1
    arena = onnxruntime.OrtArenaCfg(unlimited, as_asked_for, default, default)
    onnxruntime.create_and_register_allocator(anywhere, arena)


def _give_back_freed_memory() -> None:
    """Loading a network frees as much as it keeps; glibc holds on to it (130 of 230 MB) until asked."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
