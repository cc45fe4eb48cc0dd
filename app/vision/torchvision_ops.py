"""Lets torchvision be imported beside a CPU-only torch.

The registry's torchvision for Linux is built against CUDA torch. Beside a CPU-only one its C++ operators do not load,
and its own registration of their fake kernels fails: `operator torchvision::nms does not exist`. Declaring the two
missing schemas first is enough; nothing here uses those operators.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def ensure_torchvision_imports() -> None:
    """Declares torchvision's two operators if its own library cannot; to be called before torchvision is imported."""
    if hasattr(torch.ops.torchvision, "nms") or _library_loads():
        return
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", _SCHEMA)


def _library_loads() -> bool:
    """Whether torchvision's C++ library fits this torch; loading it twice does no harm."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return False
    try:
        torch.ops.load_library(  # type: ignore[no-untyped-call]
            next(Path(spec.origin).parent.glob("_C.*"))
        )
    except (OSError, StopIteration):
        return False
    return True
