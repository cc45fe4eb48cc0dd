"""Fine-tuning: a pretrained ResNet body and one linear layer, the head first, then all of it."""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from operator import attrgetter
from typing import Any

import torch
from torch import nn

from app.vision.learner import (
    CropPhoto,
    FitPhoto,
    OpenPhoto,
    batch_transforms,
    make_export_learner,
    make_head,
    target_transforms,
)
from training.config import TrainConfig
from training.data import PhotoRow
from training.weights import load_resnet

# isort: split
from fastai.callback.core import Callback
from fastai.callback.mixup import MixUp
from fastai.callback.schedule import Learner  # fit_one_cycle and fine_tune are patched in by this module
from fastai.data.core import DataLoaders, Datasets
from fastai.data.transforms import ToTensor
from fastai.losses import BaseLoss, BCEWithLogitsLossFlat, CrossEntropyLossFlat
from fastai.metrics import accuracy, accuracy_multi
from fastai.torch_core import set_seed
from fastai.vision.augment import Hue, Saturation, aug_transforms
from fastai.vision.learner import create_body, model_meta
from torchvision import models as architectures


class CpuBfloat16(Callback):
    """Autocast to bfloat16 on a CPU (fastai's MixedPrecision does so on CUDA alone)."""

    order = 10

    def before_batch(self) -> None:
        self.autocast = torch.autocast("cpu", dtype=torch.bfloat16)
        self.autocast.__enter__()  # type: ignore[no-untyped-call]

    def after_pred(self) -> None:
        self.learn.pred = self.pred.float()

    def after_loss(self) -> None:
        self.autocast.__exit__(None, None, None)


def make_dataloaders(rows: Sequence[PhotoRow], vocab: Sequence[str], config: TrainConfig) -> DataLoaders:
    """fastai's loaders of the train and valid rows."""
    spec = config.preprocess
    chosen = [row for row in rows if row.split in ("train", "valid")]
    dsets = Datasets(
        chosen,
        tfms=[
            [attrgetter("path"), OpenPhoto(spec)],
            [_labels_of if config.multi_label else attrgetter("label"), *target_transforms(vocab, config.task)],
        ],
        splits=[[i for i, row in enumerate(chosen) if row.split == split] for split in ("train", "valid")],
    )
    workers = min(8, os.cpu_count() or 1) if torch.cuda.is_available() else 0
    return dsets.dataloaders(
        bs=min(config.batch_size, len(dsets.train)),  # fastai drops an unfilled batch: with one alone, none is left.
        num_workers=workers,
        after_item=[CropPhoto(config.min_crop_area), FitPhoto(spec), ToTensor()],
        after_batch=[*batch_transforms(spec), *_augmentations()],
    )


def _labels_of(row: PhotoRow) -> Any:
    return list(row.labels)  # Of a tuple fastai would transform each part by itself; of list[str] it knows nothing.


def _augmentations() -> list[Any]:
    warps = aug_transforms(max_rotate=8.0, max_zoom=1.0, max_warp=0.15, max_lighting=0.4, p_lighting=0.8)
    return [*warps, Saturation(max_lighting=0.4, p=0.5), Hue(max_hue=0.05, p=0.3)]


def make_model(config: TrainConfig, n_labels: int) -> nn.Sequential:
    """`Sequential(ResNet body, head)` with the pretrained weights in the body."""
    resnet = load_resnet(config.arch, config.weights)
    body = create_body(resnet, pretrained=False, cut=-2)
    return nn.Sequential(body, make_head(resnet.fc.in_features, n_labels, config.dropout))


def make_learner(dls: DataLoaders, config: TrainConfig, n_labels: int) -> Learner:
    model = make_model(config, n_labels).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    meta = model_meta[getattr(architectures, config.arch)]
    return Learner(
        dls,
        model,
        loss_func=_loss(dls, config),
        splitter=meta["split"],
        metrics=accuracy_multi if config.multi_label else accuracy,
        wd=config.weight_decay,
        cbs=_callbacks(config),
    )


def _callbacks(config: TrainConfig) -> list[Callback]:
    callbacks: list[Callback] = []
    if config.mixup:
        callbacks.append(MixUp(config.mixup))
    if config.bf16 and not torch.cuda.is_available():
        callbacks.append(CpuBfloat16())
    return callbacks


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


def fit(rows: Sequence[PhotoRow], vocab: Sequence[str], config: TrainConfig) -> Learner:
    """A network fine-tuned on the train rows: head alone, then everything, the body at a lower rate (one cycle each).

    Returned in the learner that is exported: it knows how a photo is opened and fitted, and nothing of this run's data.
    """
    seed_everything(config.seed)
    dls = make_dataloaders(rows, vocab, config)
    learner = make_learner(dls, config, len(vocab))
    with nullcontext() if sys.stdout.isatty() else learner.no_bar():
        learner.fine_tune(
            config.epochs, base_lr=config.lr, freeze_epochs=config.freeze_epochs, lr_mult=config.body_lr_divisor
        )
    model = learner.model.cpu().to(memory_format=torch.contiguous_format)
    round_to_float16(model)
    return make_export_learner(model, vocab, config.preprocess, config.task)


def round_to_float16(model: nn.Module) -> None:
    """Rounds convolution and linear weights to what float16 holds, so that model.onnx can keep them in half the bytes.

    Done before anything is measured: what is evaluated, pickled and exported is one and the same network.
    """
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.copy_(module.weight.half().float())


def seed_everything(seed: int) -> None:
    set_seed(seed, reproducible=True)
    random.seed(seed)
