"""Mixed precision, where the device has it."""

from __future__ import annotations

import pytest
import torch

from training.errors import ConfigError
from training.fitting.precision import CpuBfloat16, precision_callbacks, resolved_precision

pytestmark = pytest.mark.slow


def set_device(
    monkeypatch: pytest.MonkeyPatch,
    *,
    cuda: bool = False,
    cuda_bf16: bool = False,
    avx: bool = False,
    amx: bool = False,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: cuda_bf16)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)


@pytest.mark.parametrize(
    ("device", "precision"),
    [
        ({}, "float32"),
        ({"avx": True}, "bf16"),
        ({"amx": True}, "bf16"),
        ({"cuda": True, "cuda_bf16": True}, "bf16"),
        ({"cuda": True, "avx": True}, "float32"),
    ],
)
def test_auto_is_bf16_where_the_device_is_fast_at_it(
    monkeypatch: pytest.MonkeyPatch, device: dict[str, bool], precision: str
) -> None:
    set_device(monkeypatch, **device)
    assert resolved_precision("auto") == precision


@pytest.mark.parametrize(("device", "choice"), [({}, "fp16"), ({"cuda": True}, "bf16")])
def test_what_the_device_does_not_have_is_refused(
    monkeypatch: pytest.MonkeyPatch, device: dict[str, bool], choice: str
) -> None:
    set_device(monkeypatch, **device)
    with pytest.raises(ConfigError, match=f"--precision {choice}"):
        resolved_precision(choice)


def test_float32_needs_nothing() -> None:
    assert precision_callbacks("float32") == []


def test_bf16_on_a_cpu_is_autocast(monkeypatch: pytest.MonkeyPatch) -> None:
    set_device(monkeypatch)
    [callback] = precision_callbacks("bf16")
    assert isinstance(callback, CpuBfloat16)
