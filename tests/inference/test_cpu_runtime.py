"""model.onnx in ONNX Runtime, on a real bundle."""

from __future__ import annotations

import dataclasses
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest

from app.errors import BundleDamagedError, BundleMissingError
from app.inference.cpu_runtime import CpuRuntime
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.vision.bundle import NETWORK, ModelBundle, file_sha256
from app.vision.limits import ImageLimits
from app.vision.preprocess import fit_image, to_batch
from tests.photos import draw_scene

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cpu_runtime(tiny_bundle: ModelBundle) -> CpuRuntime:
    return CpuRuntime(tiny_bundle, threads=1)


@pytest.fixture
def batch(tiny_bundle: ModelBundle) -> np.ndarray:
    spec = tiny_bundle.card.preprocess
    return to_batch([fit_image(draw_scene(seed), spec) for seed in range(3)], spec)


@pytest.fixture
def copied(tiny_bundle: ModelBundle, tmp_path: Path) -> ModelBundle:
    """A copy of the bundle's network, to break."""
    shutil.copy(tiny_bundle.path / NETWORK, tmp_path)
    return ModelBundle(tmp_path, tiny_bundle.card)


def _as_named(bundle: ModelBundle) -> ModelBundle:
    """The bundle with a card that names the network as it is now."""
    files = {NETWORK: file_sha256(bundle.path / NETWORK)}
    return ModelBundle(bundle.path, dataclasses.replace(bundle.card, files=files))


def test_outputs_have_the_shapes_that_the_interface_promises(
    cpu_runtime: CpuRuntime, batch: np.ndarray, tiny_bundle: ModelBundle
) -> None:
    output = cpu_runtime.run(batch, with_layers=True)
    n_labels = len(tiny_bundle.card.labels)
    assert output.logits.shape == (3, n_labels)
    assert output.embedding.ndim == 2
    assert output.evidence.shape[:2] == (3, n_labels)
    assert list(output.layers) == ["stem", "layer1", "layer2", "layer3"]
    arrays = [output.logits, output.embedding, output.evidence, *output.layers.values()]
    assert all(array.dtype == np.float32 and len(array) == 3 and np.isfinite(array).all() for array in arrays)


def test_layers_are_given_to_who_asks_alone(cpu_runtime: CpuRuntime, batch: np.ndarray) -> None:
    with_layers, without = cpu_runtime.run(batch, with_layers=True), cpu_runtime.run(batch)
    assert without.layers == {}
    np.testing.assert_array_equal(without.logits, with_layers.logits)


def test_the_mean_of_the_evidence_is_the_logit(cpu_runtime: CpuRuntime, batch: np.ndarray) -> None:
    output = cpu_runtime.run(batch)
    np.testing.assert_allclose(output.evidence.mean(axis=(2, 3)), output.logits, atol=1e-4)


def test_a_photo_gets_the_same_alone_as_among_others(cpu_runtime: CpuRuntime, batch: np.ndarray) -> None:
    together = cpu_runtime.run(batch).logits
    alone = [cpu_runtime.run(batch[index : index + 1]).logits[0] for index in range(3)]
    np.testing.assert_allclose(alone, together, atol=1e-4)


def test_threads_do_not_disturb_one_another(cpu_runtime: CpuRuntime, batch: np.ndarray) -> None:
    expected = [cpu_runtime.run(batch[index : index + 1]).logits for index in range(3)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: cpu_runtime.run(batch[number % 3 : number % 3 + 1]).logits, range(24)))
    for number, logits in enumerate(found):
        np.testing.assert_allclose(logits, expected[number % 3], atol=1e-5)


def test_a_predictor_serves_a_real_bundle(cpu_runtime: CpuRuntime, tiny_bundle: ModelBundle, photo: bytes) -> None:
    predictor = Predictor(tiny_bundle, NetworkQueue(cpu_runtime, 0, 5.0), ImageLimits(), 5.0)
    predictor.warm_up()
    found = predictor.predict(photo).classification
    assert {row.label.label for row in found.predictions} == set(tiny_bundle.card.vocab)
    assert sum(row.probability for row in found.predictions) == pytest.approx(1)


def test_a_network_that_is_not_the_cards_is_not_loaded(copied: ModelBundle) -> None:
    with (copied.path / NETWORK).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BundleDamagedError, match="sha256"):
        CpuRuntime(copied, threads=1)


def test_a_missing_network_is_missing(copied: ModelBundle) -> None:
    (copied.path / NETWORK).unlink()
    with pytest.raises(BundleMissingError, match=NETWORK):
        CpuRuntime(copied, threads=1)


@pytest.mark.parametrize("content", [b"", b"no network", bytes(1000)])
def test_a_file_that_is_no_network_is_damaged(copied: ModelBundle, content: bytes) -> None:
    (copied.path / NETWORK).write_bytes(content)
    with pytest.raises(BundleDamagedError, match=NETWORK):
        CpuRuntime(_as_named(copied), threads=1)


def test_a_network_with_other_outputs_is_damaged(copied: ModelBundle) -> None:
    network = onnx.load(copied.path / NETWORK)
    del network.graph.output[-1]
    onnx.save(network, copied.path / NETWORK)
    with pytest.raises(BundleDamagedError, match="outputs"):
        CpuRuntime(_as_named(copied), threads=1)
