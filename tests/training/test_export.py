"""The two exported files: one network, kept small."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from app.vision.bundle import LEARNER, NETWORK, ModelBundle
from training.errors import ExportError
from training.export import ensure_parity

pytestmark = pytest.mark.slow


def test_kernels_are_kept_in_float16(tiny_bundle: ModelBundle) -> None:
    tensors = [numpy_helper.to_array(t) for t in onnx.load(tiny_bundle.path / NETWORK).graph.initializer]
    assert {tensor.dtype for tensor in tensors if tensor.ndim >= 2} == {np.dtype(np.float16)}
    n_weights = sum(tensor.size for tensor in tensors)
    assert (tiny_bundle.path / NETWORK).stat().st_size < 2.1 * n_weights


def test_a_network_that_is_not_the_learners_is_refused(
    tiny_bundle: ModelBundle, toy_data: Path, tmp_path: Path
) -> None:
    shutil.copy(tiny_bundle.path / LEARNER, tmp_path)
    network = onnx.load(tiny_bundle.path / NETWORK)
    for tensor in network.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.shape == (len(tiny_bundle.card.labels),):  # The head's bias.
            tensor.CopyFrom(numpy_helper.from_array(values + np.array([0, 0, 0.1], dtype=values.dtype), tensor.name))
    onnx.save(network, tmp_path / NETWORK)
    with pytest.raises(ExportError, match="differ by"):
        ensure_parity(tmp_path, tiny_bundle.card, sorted(toy_data.rglob("*.jpg"))[:3])
