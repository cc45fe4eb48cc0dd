"""Mixed precision, where the device has it."""

from __future__ import annotations

import torch
from fastai.callback.core import Callback
from fastai.callback.fp16 import MixedPrecision

from training.errors import ConfigError


class CpuBfloat16(Callback):
    """Autocast to bfloat16 on a CPU (fastai's MixedPrecision does so on CUDA alone)."""

    order = 10

    def before_batch(self) -> None:
        self.autocast = torch.autocast("cpu", dtype=torch.bfloat16)
        self.autocast.__enter__()  # type: ignore[no-untyped-call]

    def after_pred(self) -> None:
        self.learn.pred = self.pred.float()

    def after_loss(self) -> None:
        self.autocast.__exit__(None, None, None)


def resolved_precision(choice: str) -> str:
    """What `auto` means on this machine; any other choice is itself.

    Raises:
        ConfigError: this machine cannot do what was chosen.
    """
    if choice == "fp16" and not torch.cuda.is_available():
        raise ConfigError("--precision fp16 needs a CUDA device. Choose auto, bf16 or float32.")
    if choice == "bf16" and torch.cuda.is_available() and not torch.cuda.is_bf16_supported():
        raise ConfigError("--precision bf16: this CUDA device does not have it. Choose auto, fp16 or float32.")
    if choice != "auto":
        return choice
    return "bf16" if _has_fast_bfloat16() else "float32"


def _has_fast_bfloat16() -> bool:
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def precision_callbacks(choice: str) -> list[Callback]:
    """What a learner needs to train in this precision; nothing for float32."""
    precision = resolved_precision(choice)
    if precision == "float32":
        return []
    return [MixedPrecision(precision) if torch.cuda.is_available() else CpuBfloat16()]
