"""A training loop in plain PyTorch: the same photos, network, augmentation, precision and optimizer, nothing around."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import nullcontext
from math import ceil, radians
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from app.vision.image_io import open_image
from app.vision.preprocess import fit_image
from training.bench.pace import Pace, Watch
from training.config import TrainConfig
from training.data import PhotoRow, vocab_of
from training.fitting.network import make_model
from training.fitting.precision import resolved_precision

# isort: split
from torchvision.transforms.functional import adjust_hue, adjust_saturation


class CroppedPhotos(Dataset[tuple[Tensor, int]]):
    """The train photos: opened, cropped, fitted; uint8 (3, H, W), and their class index."""

    def __init__(self, rows: Sequence[PhotoRow], config: TrainConfig) -> None:
        self.rows = [row for row in rows if row.split == "train"]
        self.vocab, self.spec, self.min_area = vocab_of(rows), config.preprocess, config.min_crop_area

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        row = self.rows[index]
        image = fit_image(self._crop(open_image(row.path, decode_px=self.spec.decode_px)), self.spec)
        return torch.from_numpy(np.array(image)).permute(2, 0, 1), self.vocab.index(row.label)

    def _crop(self, image: Image.Image) -> Image.Image:
        area = random.uniform(self.min_area, 1.0)
        ratio = random.uniform(max(3 / 4, area), min(4 / 3, 1 / area))
        width = min(image.width, ceil(image.width * (area * ratio) ** 0.5))
        height = min(image.height, ceil(image.height * (area / ratio) ** 0.5))
        left, top = random.randint(0, image.width - width), random.randint(0, image.height - height)
        return image.crop((left, top, left + width, top + height))


def augmented(pixels: Tensor, config: TrainConfig) -> Tensor:
    """What `fitting.loaders` has fastai do to a batch: flip, turn, tilt, light, saturation, hue, and normalised."""
    batch = _moved(pixels.float() / 255)
    n = len(batch)
    shift, gain = (torch.randn(n, 1, 1, 1) * 0.2, torch.exp(torch.randn(n, 1, 1, 1) * 0.2))
    batch = torch.sigmoid((torch.logit(batch, eps=1e-4) + shift) * gain)
    batch = cast(Tensor, adjust_hue(adjust_saturation(batch, random.uniform(0.6, 1.4)), random.uniform(-0.05, 0.05)))
    mean, std = (torch.tensor(values)[:, None, None] for values in (config.preprocess.mean, config.preprocess.std))
    return (batch - mean) / std


def _moved(batch: Tensor) -> Tensor:
    """Each photo flipped or not, turned by up to 8 degrees and seen from a little aside, in one resampling."""
    n, _, height, width = batch.shape
    angles = torch.empty(n).uniform_(-radians(8), radians(8))
    maps = torch.eye(3).repeat(n, 1, 1)
    maps[:, 0, 0], maps[:, 0, 1] = angles.cos(), -angles.sin()
    maps[:, 1, 0], maps[:, 1, 1] = angles.sin(), angles.cos()
    maps[:, :, 0] *= torch.where(torch.rand(n, 1) < 0.5, -1.0, 1.0)
    maps[:, 2, :2] = torch.empty(n, 2).uniform_(-0.15, 0.15)
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    places = torch.stack([x, y, torch.ones_like(x)], dim=-1).view(1, -1, 3) @ maps.transpose(1, 2)
    grid = (places[..., :2] / places[..., 2:]).view(n, height, width, 2)
    return functional.grid_sample(batch, grid, mode="bilinear", padding_mode="reflection", align_corners=True)


class BareLoop:
    """The loop, kept between rounds as a training keeps its network."""

    def __init__(self, rows: Sequence[PhotoRow], config: TrainConfig) -> None:
        photos = CroppedPhotos(rows, config)
        self.config = config
        self.loader = DataLoader(photos, batch_size=config.batch_size, shuffle=True, drop_last=True)
        self.model = make_model(config, photos.vocab).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        body, head = self.model[0].parameters(), self.model[1].parameters()
        rates = (config.lr / config.body_lr_divisor, config.lr)
        groups = [{"params": [*part], "lr": lr} for part, lr in zip((body, head), rates, strict=True)]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=config.weight_decay)
        self.loss = nn.CrossEntropyLoss(label_smoothing=config.label_smoothing)
        self.is_bf16 = resolved_precision(config.precision) == "bf16"

    def train(self) -> Pace:
        """One pass over the photos."""
        self.model.train()
        watch = Watch()
        for pixels, targets in self.loader:
            self._step(augmented(pixels, self.config), targets)
        return watch.pace(len(self.loader) * self.config.batch_size)

    def _step(self, batch: Tensor, targets: Tensor) -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16) if self.is_bf16 else nullcontext():
            logits = self.model(batch)
        self.loss(logits.float(), targets).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
