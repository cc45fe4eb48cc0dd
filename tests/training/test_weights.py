"""Pretrained weights: from torchvision, from a file, or none."""

from __future__ import annotations

import pickle
from pathlib import Path
from urllib.error import URLError

import pytest
import torch

from training.errors import WeightsUnavailableError
from training.weights import load_resnet

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def state_dict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.manual_seed(1)
    torch.save(load_resnet("resnet18", "none").state_dict(), path)
    return path


def test_a_local_state_dict_becomes_the_body(state_dict: Path) -> None:
    loaded = load_resnet("resnet18", str(state_dict)).state_dict()
    saved = torch.load(state_dict, weights_only=True)
    body = [name for name in saved if not name.startswith("fc.")]
    assert body
    assert all(torch.equal(loaded[name], saved[name]) for name in body)


def test_a_state_dict_with_a_head_of_another_size_fits(state_dict: Path, tmp_path: Path) -> None:
    state = torch.load(state_dict, weights_only=True)
    state["fc.weight"], state["fc.bias"] = torch.zeros(3, 512), torch.zeros(3)
    torch.save(state, tmp_path / "three.pth")
    assert load_resnet("resnet18", str(tmp_path / "three.pth")).fc.out_features == 1000


def test_a_state_dict_without_a_head_fits(state_dict: Path, tmp_path: Path) -> None:
    state = torch.load(state_dict, weights_only=True)
    torch.save({name: value for name, value in state.items() if not name.startswith("fc.")}, tmp_path / "body.pth")
    load_resnet("resnet18", str(tmp_path / "body.pth"))


@pytest.mark.parametrize("arch", ["resnet34", "resnet50"])
def test_weights_of_another_architecture_are_refused(state_dict: Path, arch: str) -> None:
    with pytest.raises(WeightsUnavailableError, match=arch):
        load_resnet(arch, str(state_dict))


def test_a_truncated_file_is_refused(state_dict: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.pth"
    path.write_bytes(state_dict.read_bytes()[: state_dict.stat().st_size // 2])
    with pytest.raises(WeightsUnavailableError, match=r"half\.pth"):
        load_resnet("resnet18", str(path))


@pytest.mark.parametrize("content", [b"", b"not weights at all", b"PK\x03\x04", b"\x80\x02"])
def test_a_file_that_is_no_state_dict_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.pth").write_bytes(content)
    with pytest.raises(WeightsUnavailableError, match=r"odd\.pth"):
        load_resnet("resnet18", str(tmp_path / "odd.pth"))


@pytest.mark.parametrize(
    "content", [[1, 2], {"epoch": 3}, {1: torch.zeros(1)}, torch.zeros(2), {"conv1.weight": "text"}, "text", None]
)
def test_a_saved_object_that_is_no_state_dict_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "odd.pth")
    with pytest.raises(WeightsUnavailableError, match=r"odd\.pth"):
        load_resnet("resnet18", str(tmp_path / "odd.pth"))


class Intruder:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.trace,)


def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path: Path) -> None:
    path, trace = tmp_path / "odd.pth", tmp_path / "trace"
    path.write_bytes(pickle.dumps(Intruder(trace), protocol=2))
    with pytest.raises(WeightsUnavailableError):
        load_resnet("resnet18", str(path))
    assert not trace.exists()


@pytest.mark.parametrize("name", ["nowhere.pth", ".", "image-net"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(WeightsUnavailableError, match="not a torchvision state dict"):
        load_resnet("resnet18", str(tmp_path / name))


@pytest.mark.parametrize(
    "failure", [URLError("no route to host"), TimeoutError("timed out"), RuntimeError("invalid hash value")]
)
def test_without_a_network_both_ways_out_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def download_nothing(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", download_nothing)
    with pytest.raises(WeightsUnavailableError, match=r"(?s)--weights FILE.*--weights none"):
        load_resnet("resnet18", "imagenet")
