"""Pretrained ResNets: torchvision's ImageNet weights, a local state dict, or none."""

from __future__ import annotations

import pickle
from pathlib import Path
from urllib.error import URLError

import torch

from app.vision.torchvision_ops import ensure_torchvision_imports
from training.config import IMAGENET, NO_WEIGHTS
from training.errors import WeightsUnavailableError

ensure_torchvision_imports()

# isort: split
from torchvision.models import ResNet, get_model


def load_resnet(arch: str, weights: str) -> ResNet:
    """A torchvision ResNet.

    Args:
        arch: a name of `config.ARCHITECTURES`.
        weights: `imagenet` (downloaded and kept by torch), `none` (random), or the path of a torchvision state dict.
    Raises:
        WeightsUnavailableError: no network, no such file, or a file for another architecture.
    """
    if weights == NO_WEIGHTS:
        return get_model(arch, weights=None)
    if weights == IMAGENET:
        return _load_imagenet(arch)
    return _load_file(arch, Path(weights))


def _load_imagenet(arch: str) -> ResNet:
    try:
        return get_model(arch, weights="IMAGENET1K_V1")
    except (URLError, OSError, RuntimeError) as exc:  # RuntimeError: the download's hash is another.
        raise WeightsUnavailableError(
            f"torchvision's ImageNet weights for {arch} cannot be downloaded ({exc}). Two ways out: give a local "
            "torchvision state dict with --weights FILE, or train from scratch with --weights none."
        ) from exc


def _load_file(arch: str, path: Path) -> ResNet:
    """The body's weights; the classifier's are left out, since ours is another."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        model = get_model(arch, weights=None)
        body = {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}
        missing, unexpected = model.load_state_dict(body, strict=False)
    except (OSError, RuntimeError, pickle.UnpicklingError, AttributeError, EOFError) as exc:
        raise WeightsUnavailableError(f"{path} is not a torchvision state dict for {arch}: {exc}") from exc
    lacking = [name for name in missing if not name.startswith("fc.")]
    if lacking or unexpected:
        raise WeightsUnavailableError(
            f"{path} does not fit {arch}: {len(lacking)} weights are missing, {len(unexpected)} unexpected."
        )
    return model
