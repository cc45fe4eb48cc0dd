"""What a training starts from: ImageNet weights, a local state dict, an earlier bundle, or nothing."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from urllib.error import URLError

import torch
from torch import nn

from app.errors import WhichParkError
from app.vision.bundle import CARD, ModelBundle, read_bundle
from app.vision.efficientnet import N_FEATURES
from app.vision.learner import load_verified_learner
from app.vision.torchvision_ops import ensure_torchvision_imports
from training.config import EFFICIENTNETS, IMAGENET, NO_WEIGHTS
from training.efficientnet import load_efficientnet
from training.errors import WeightsUnavailableError

ensure_torchvision_imports()

# isort: split
from fastai.vision.learner import create_body
from torchvision.models import ResNet, get_model


def load_body(arch: str, weights: str) -> tuple[nn.Sequential, int]:
    """The network without its classifier, and how many features it gives at each place (see `learner.stages`).

    Args:
        arch: a name of `config.ARCHITECTURES`.
        weights: `imagenet`, `none` (random), or the path of a state dict: torchvision's for a ResNet, else timm's.
    Raises:
        WeightsUnavailableError: no network, no such file, or a file for another architecture.
    """
    if arch in EFFICIENTNETS:
        return load_efficientnet(weights), N_FEATURES
    resnet = load_resnet(arch, weights)
    return create_body(resnet, pretrained=False, cut=-2), resnet.fc.in_features


def load_resnet(arch: str, weights: str) -> ResNet:
    """A torchvision ResNet.

    Args:
        arch: resnet18, resnet34 or resnet50.
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


def bundle_named(weights: str) -> ModelBundle | None:
    """The bundle whose folder the weights name; None where they are something else.

    Raises:
        WeightsUnavailableError: its card cannot be read.
    """
    if weights in (IMAGENET, NO_WEIGHTS) or not (Path(weights) / CARD).is_file():
        return None
    try:
        return read_bundle(Path(weights))
    except WhichParkError as exc:
        raise WeightsUnavailableError(f"{weights} is no bundle to start from: {exc}") from exc


def start_from_bundle(model: nn.Sequential, bundle: ModelBundle, labels: Sequence[str]) -> None:
    """Gives a new model the weights of a bundle's: of its head, too, if it tells the same labels.

    Raises:
        WeightsUnavailableError: its learner cannot be read, or is of another architecture.
    """
    try:
        state = load_verified_learner(bundle).model.state_dict()
        if list(labels) != list(bundle.card.vocab):
            own = model.state_dict()
            state = {name: own[name] if name.startswith("1.") else tensor for name, tensor in state.items()}
        model.load_state_dict(state)
    except (WhichParkError, RuntimeError, KeyError) as exc:
        raise WeightsUnavailableError(f"{bundle.path} is no bundle this network can start from: {exc}") from exc
