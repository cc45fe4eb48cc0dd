"""Half precision where it is faithful. There is no CUDA here: a CPU plays the device, whose arithmetic is as exact."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from app.errors import BundleError
from app.inference.torch_runtime import TorchRuntime, fast_if_faithful
from app.vision.bundle import ModelBundle
from app.vision.golden import golden_batch
from app.vision.learner import EvidenceNetwork, load_verified_learner

pytestmark = pytest.mark.slow
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network(tiny_bundle: ModelBundle) -> EvidenceNetwork:
    return EvidenceNetwork(load_verified_learner(tiny_bundle).model).eval()


def test_float16_is_taken_where_it_gives_the_golden_outputs(network: EvidenceNetwork, tiny_bundle: ModelBundle) -> None:
    fast = fast_if_faithful(network, tiny_bundle.card, CPU)
    assert next(fast.parameters()).dtype is torch.float16
    assert next(network.parameters()).dtype is torch.float32  # The exact one is left as it is.


def test_float32_is_kept_where_float16_does_not(
    network: EvidenceNetwork, tiny_bundle: ModelBundle, caplog: pytest.LogCaptureFixture
) -> None:
    assert tiny_bundle.card.golden is not None
    other = tuple(value + index for index, value in enumerate(tiny_bundle.card.golden))
    assert fast_if_faithful(network, dataclasses.replace(tiny_bundle.card, golden=other), CPU) is network
    assert "runs in float32" in caplog.text


def test_a_device_without_memory_for_the_network_refuses_the_bundle(
    tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> EvidenceNetwork:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(EvidenceNetwork, "to", no_room)
    with pytest.raises(
        BundleError, match=f"cpu has no memory for the network of bundle {tiny_bundle.path.name}"
    ) as raised:
        TorchRuntime(tiny_bundle, threads=1, device="cpu")
    assert raised.value.code == "bundle_unusable"


def test_a_cpu_takes_one_photo_at_a_time_in_float32(tiny_bundle: ModelBundle) -> None:
    runtime = TorchRuntime(tiny_bundle, threads=1, max_batch=32, device="cpu")
    assert (runtime.max_batch, runtime.name) == (1, "torch on CPU, float32")
    output = runtime.run(golden_batch(tiny_bundle.card.preprocess))
    assert output.logits.dtype == "float32"
    assert output.layers == {}
