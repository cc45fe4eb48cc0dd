"""Which runtime a setting chooses."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

from app.errors import BundleDamagedError, BundleError, BundleMissingError
from app.inference.runtime import NetworkOutput, load_runtime
from app.vision.bundle import LEARNER, NETWORK, NETWORK_OUTPUTS, ModelBundle, file_sha256
from app.vision.card import Card


@pytest.fixture
def empty_bundle(tmp_path: Path, card: Card) -> ModelBundle:
    """Has no file: a runtime that is loaded complains of the one it looks for, which tells which runtime it is."""
    return ModelBundle(tmp_path, card)


def test_cpu_reads_the_network(empty_bundle: ModelBundle) -> None:
    with pytest.raises(BundleMissingError, match=NETWORK):
        load_runtime("cpu", empty_bundle, threads=1)


@pytest.mark.slow
def test_torch_reads_the_learner(empty_bundle: ModelBundle) -> None:
    with pytest.raises(BundleMissingError, match=LEARNER):
        load_runtime("torch", empty_bundle, threads=1)


def test_torch_that_is_not_installed_is_said(empty_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "app.inference.torch_runtime", None)
    with pytest.raises(BundleError, match="needs torch and fastai"):
        load_runtime("torch", empty_bundle, threads=1)


@pytest.mark.parametrize("missing", ["torch", "fastai"])
def test_auto_without_torch_is_cpu(empty_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(BundleMissingError, match=NETWORK):
        load_runtime("auto", empty_bundle, threads=1)


def test_arrays_become_an_output_by_their_order() -> None:
    arrays = [np.full((1, 1), index, dtype=np.float32) for index in range(len(NETWORK_OUTPUTS))]
    output = NetworkOutput.from_arrays(arrays, NETWORK_OUTPUTS)
    assert [output.logits.item(), output.embedding.item(), output.evidence.item()] == [0, 1, 2]
    assert {name: layer.item() for name, layer in output.layers.items()} == {
        "stem": 3, "layer1": 4, "layer2": 5, "layer3": 6,
    }  # fmt: skip


def test_an_output_too_few_is_a_bug_that_shows() -> None:
    arrays = [np.zeros((1, 1), dtype=np.float32)] * (len(NETWORK_OUTPUTS) - 1)
    with pytest.raises(ValueError, match="zip"):
        NetworkOutput.from_arrays(arrays, NETWORK_OUTPUTS)


@pytest.mark.slow
def test_a_learner_that_cannot_be_unpickled_is_a_damaged_bundle(tmp_path: Path, card: Card) -> None:
    (tmp_path / LEARNER).write_bytes(b"no pickle")
    bundle = ModelBundle(tmp_path, dataclasses.replace(card, files={LEARNER: file_sha256(tmp_path / LEARNER)}))
    with pytest.raises(BundleDamagedError, match="cannot be loaded"):
        load_runtime("torch", bundle, threads=1)
