"""The photos as fastai's loaders give them to the network, train and valid."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import torch

from app.vision.learner import CropPhoto, batch_transforms, target_transforms
from app.vision.preprocess import PreprocessSpec, fit_image
from training.config import TrainConfig
from training.data import PhotoRow
from training.fitting.processes import n_processes
from training.nothings import DrawnRow, draw_nothings
from training.opening import open_again

# isort: split
from fastai.data.core import DataLoaders, Datasets
from fastai.data.load import DataLoader
from fastai.data.transforms import ToTensor
from fastai.vision.augment import Hue, RandTransform, Saturation, aug_transforms
from fastai.vision.core import PILImage
from fasttransform import Transform

_MOST_WORKERS = 8


class OpenAgain(Transform):
    """A photo's path, or a drawn picture's bytes -> fastai's PILImage, as `OpenPhoto` gives it after the training."""

    def __init__(self, spec: PreprocessSpec) -> None:
        super().__init__()
        self.spec = spec

    def encodes(self, source: Path | bytes) -> PILImage:
        return PILImage.create(open_again(source, self.spec))


class FitSizes(RandTransform):
    """Every photo: `fit_image`, in training to `train_px`, which may change from epoch to epoch."""

    split_idx, order = None, 2

    def __init__(self, spec: PreprocessSpec) -> None:
        super().__init__(p=1.0)
        self.spec, self.train_px = spec, spec.size_px

    def before_call(self, b: Any, split_idx: int | None) -> None:
        """Called with each photo, by fastai, just before `encodes`."""
        self.do = True
        side = self.train_px if split_idx == 0 else self.spec.size_px
        self.now = dataclasses.replace(self.spec, size_px=side)

    def encodes(self, image: PILImage) -> PILImage:
        return PILImage.create(fit_image(image, self.now))


def make_dataloaders(rows: Sequence[PhotoRow], vocab: Sequence[str], config: TrainConfig) -> DataLoaders:
    """fastai's loaders of the train and valid rows."""
    spec = config.preprocess
    train, valid = ([row for row in rows if row.split == split] for split in ("train", "valid"))
    chosen = [*train, *draw_nothings(vocab, config), *valid]
    n_train = len(chosen) - len(valid)
    dsets = Datasets(
        chosen,
        tfms=[
            [attrgetter("path"), OpenAgain(spec)],
            [_labels_of if config.multi_label else attrgetter("label"), *target_transforms(vocab, config.task)],
        ],
        splits=[range(n_train), range(n_train, len(chosen))],
    )
    a_step = min(config.batch_size, len(dsets.train))  # fastai drops an unfilled batch: with one alone, none is left.
    return dsets.dataloaders(
        bs=max(1, a_step // n_processes()),
        num_workers=_n_workers(),
        after_item=[CropPhoto(config.min_crop_area), FitSizes(spec), ToTensor()],
        after_batch=[*batch_transforms(spec), *_augmentations()],
    )


def _n_workers() -> int:
    if not torch.cuda.is_available():
        return 0
    return max(1, min(_MOST_WORKERS, (os.cpu_count() or 1) // n_processes()))


def _labels_of(row: PhotoRow | DrawnRow) -> Any:
    return list(row.labels)  # Of a tuple fastai would transform each part by itself; of list[str] it knows nothing.


def _augmentations() -> list[Any]:
    warps = aug_transforms(max_rotate=8.0, max_zoom=1.0, max_warp=0.15, max_lighting=0.4, p_lighting=0.8)
    return [*warps, Saturation(max_lighting=0.4, p=0.5), Hue(max_hue=0.05, p=0.3)]


def set_train_size(loader: DataLoader, side_px: int) -> None:
    """From its next epoch on, the loader of the train photos gives them at this size; validation keeps its own."""
    for transform in loader.after_item.fs:
        if isinstance(transform, FitSizes):
            transform.train_px = side_px
