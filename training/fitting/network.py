"""The network, and the fastai learner that trains it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import nn

from app.vision.learner import make_head, stages
from training.config import NO_WEIGHTS, TrainConfig
from training.fitting.precision import precision_callbacks
from training.weights import bundle_named, load_body, start_from_bundle

# isort: split
from fastai.callback.core import Callback
from fastai.callback.mixup import MixUp
from fastai.callback.schedule import Learner  # fit_one_cycle and lr_find are patched in by this module
from fastai.data.core import DataLoaders
from fastai.losses import BaseLoss, BCEWithLogitsLossFlat, CrossEntropyLossFlat
from fastai.metrics import accuracy, accuracy_multi
from fastai.torch_core import params


def make_model(config: TrainConfig, labels: Sequence[str]) -> nn.Sequential:
    """`Sequential(body, head)` with the pretrained weights in the body, or with those of a bundle."""
    bundle = bundle_named(config.weights)
    body, n_features = load_body(config.arch, NO_WEIGHTS if bundle else config.weights)
    model = nn.Sequential(body, make_head(n_features, len(labels), config.dropout))
    if bundle:
        start_from_bundle(model, bundle, labels)
    return model


def make_learner(dls: DataLoaders, config: TrainConfig, labels: Sequence[str]) -> Learner:
    model = make_model(config, labels).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Learner(
        dls,
        model,
        loss_func=_loss(dls, config),
        splitter=parameter_groups,
        metrics=accuracy_multi if config.multi_label else accuracy,
        wd=config.weight_decay,
        cbs=[*_mixup(config), *precision_callbacks(config.precision)],
    )


def parameter_groups(model: nn.Sequential) -> list[list[nn.Parameter]]:
    """What learns at a rate of its own: the body's first three stages, its last two, the head."""
    first = stages(cast(nn.Sequential, model[0]))
    return [params(nn.ModuleList(first[:3])), params(nn.ModuleList(first[3:])), params(model[1])]


def _mixup(config: TrainConfig) -> list[Callback]:
    return [MixUp(config.mixup)] if config.mixup else []


def _loss(dls: DataLoaders, config: TrainConfig) -> BaseLoss:
    if config.multi_label:
        if config.class_weights:
            return BCEWithLogitsLossFlat(pos_weight=_label_rarity(dls).sqrt(), flatten=False)
        return BCEWithLogitsLossFlat()
    weight = None
    if config.class_weights:
        weight = _label_rarity(dls).sqrt()
        weight /= weight.mean()
    return CrossEntropyLossFlat(weight=weight, label_smoothing=config.label_smoothing)


def _label_rarity(dls: DataLoaders) -> torch.Tensor:
    """How many photos there are for each that shows the label, float32 (K,)."""
    rows = dls.train_ds.items
    counts = Counter(label for row in rows for label in row.labels)
    return torch.tensor([len(rows) / counts[label] for label in dls.vocab], dtype=torch.float32)


def mean_weights(
    start: Mapping[str, torch.Tensor], trained: Mapping[str, torch.Tensor], share: float
) -> dict[str, torch.Tensor]:
    """The weights between two networks of one origin: `share` of the start's, the rest of the trained one's.

    Source: Wortsman et al. 2022, Robust fine-tuning of zero-shot models, section 3.
    """
    return {
        name: tensor.lerp(start[name], share) if tensor.is_floating_point() else tensor
        for name, tensor in trained.items()
    }


def round_to_float16(model: nn.Module) -> None:
    """Rounds convolution and linear weights to what float16 holds, so that model.onnx can keep them in half the bytes.

    Done before anything is measured: what is evaluated, pickled and exported is one and the same network.
    """
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.copy_(module.weight.half().float())
