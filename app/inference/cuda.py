"""Whether there may be CUDA here; without a library, so that gunicorn's master may ask too."""

from __future__ import annotations

import ctypes
import importlib.util


def may_be_torch(kind: str) -> bool:
    """Whether a setting may choose the torch runtime here; torch is not imported to find out."""
    return kind == "torch" or (kind == "auto" and _cuda_may_be_here())


def _cuda_may_be_here() -> bool:
    """Whether importing torch to ask it is worth its seconds: it is installed, and so is NVIDIA's driver."""
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("fastai") is None:
        return False
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True
