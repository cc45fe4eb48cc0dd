"""What an exported learner refers to: its transforms, its network, and the loading of it.

It imports torch and fastai, so only training and the torch runtime import it. All a `learner.pkl` may refer to beside
torch, torchvision and fastai is here or in `efficientnet`, hence `load_learner` works without `training/`.
"""

from __future__ import annotations

import io
import random
import warnings
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import nn

from app.vision.torchvision_ops import ensure_torchvision_imports

ensure_torchvision_imports()

# isort: split
from fastai.data.core import Datasets
from fastai.data.transforms import Categorize, IntToFloatTensor, MultiCategorize, Normalize, OneHotEncode, ToTensor
from fastai.learner import Learner, load_learner
from fastai.losses import BCEWithLogitsLossFlat, CrossEntropyLossFlat
from fastai.vision.augment import RandTransform
from fastai.vision.core import PILImage
from fasttransform import Transform

from app.vision.bundle import LEARNER, ModelBundle
from app.vision.card import Task
from app.vision.golden import golden_batch
from app.vision.image_io import open_image
from app.vision.limits import ImageLimits
from app.vision.preprocess import PreprocessSpec, fit_image


class OpenPhoto(Transform):
    """A photo's path or bytes -> fastai's PILImage, through `open_image`."""

    input_types = (Path, str, bytes)

    def __init__(self, spec: PreprocessSpec, limits: ImageLimits | None = None) -> None:
        super().__init__()
        self.spec, self.limits = spec, limits or ImageLimits()

    def encodes(self, source: Path | str | bytes) -> PILImage:
        data = Path(source) if isinstance(source, str) else source
        return PILImage.create(open_image(data, limits=self.limits, decode_px=self.spec.decode_px))


class FolderLabel(Transform):
    """A photo's path -> the name of its folder; bytes have no folder and get the placeholder."""

    input_types = (Path, str, bytes)

    def __init__(self, placeholder: str) -> None:
        super().__init__()
        self.placeholder = placeholder

    def encodes(self, source: Path | str | bytes) -> str:
        return self.placeholder if isinstance(source, bytes) else Path(source).parent.name


class FolderLabels(FolderLabel):
    """A photo's path -> the labels it is in the folder of: one."""

    def encodes(self, source: Path | str | bytes) -> Any:
        return [self.placeholder if isinstance(source, bytes) else Path(source).parent.name]


class CropPhoto(RandTransform):
    """In training only: a random box of the photo, at least `min_area` (0..1] of it, of nearly its own shape."""

    split_idx, order = 0, 1

    def __init__(self, min_area: float) -> None:
        super().__init__(p=1.0)
        self.min_area = min_area

    def encodes(self, image: PILImage) -> PILImage:
        width, height = image.size
        area = random.uniform(self.min_area, 1.0)
        ratio = random.uniform(max(3 / 4, area), min(4 / 3, 1 / area))  # Neither side may be longer than the photo's.
        box_width = min(width, ceil(width * (area * ratio) ** 0.5))
        box_height = min(height, ceil(height * (area / ratio) ** 0.5))
        left, top = random.randint(0, width - box_width), random.randint(0, height - box_height)
        return PILImage.create(image.crop((left, top, left + box_width, top + box_height)))


class FitPhoto(Transform):
    """Every photo, in training and after: `fit_image`."""

    order = 2

    def __init__(self, spec: PreprocessSpec) -> None:
        super().__init__()
        self.spec = spec

    def encodes(self, image: PILImage) -> PILImage:
        return PILImage.create(fit_image(image, self.spec))


def batch_transforms(spec: PreprocessSpec) -> list[Transform]:
    """uint8 pixels of fitted photos -> the network's input: what `to_batch` does, in fastai's terms."""
    return [IntToFloatTensor(), Normalize.from_stats(spec.mean, spec.std)]


def make_head(n_features: int, n_labels: int, dropout: float) -> nn.Sequential:
    """Global average pool, dropout, one linear layer: a label's evidence, averaged over all places, is its logit."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(n_features, n_labels))


def make_export_learner(
    model: nn.Sequential, vocab: Sequence[str], spec: PreprocessSpec, task: Task = "single_label"
) -> Learner:
    """The model as a fastai learner without data: photo paths or bytes in, probabilities out.

    To go on training it in fastai, give it loaders of your own: `learner.dls = ...`.
    """
    several = task == "multi_label"
    label = FolderLabels(vocab[0]) if several else FolderLabel(vocab[0])
    dsets = Datasets(
        [_blank_photo(spec)], tfms=[[OpenPhoto(spec)], [label, *target_transforms(vocab, task)]], splits=[[0], [0]]
    )
    dls = dsets.dataloaders(
        bs=1, num_workers=0, after_item=[FitPhoto(spec), ToTensor()], after_batch=batch_transforms(spec)
    )
    return Learner(dls, model, loss_func=BCEWithLogitsLossFlat() if several else CrossEntropyLossFlat())


def target_transforms(vocab: Sequence[str], task: Task) -> list[Transform]:
    """A label -> its class index; or the labels of a photo -> 0 or 1 for each, float32 (K,)."""
    if task == "multi_label":
        return [MultiCategorize(vocab=list(vocab)), OneHotEncode(len(vocab))]
    return [Categorize(vocab=list(vocab), sort=False)]


def _blank_photo(spec: PreprocessSpec) -> bytes:
    """fastai reads its types off a first item; the export itself keeps none."""
    file = io.BytesIO()
    Image.new("RGB", (spec.size_px, spec.size_px)).save(file, "PNG")
    return file.getvalue()


def stages(body: nn.Sequential) -> list[nn.Module]:
    """A body's five stages: the stem and four layers, each with half the places of the one before.

    A ResNet's body has eight modules (the stem's three, the pool before the first layer, the layers); any other has
    its stages as modules.
    """
    if len(body) == 5:
        return list(body)
    return [body[:3], body[3:5], body[5], body[6], body[7]]


class EvidenceNetwork(nn.Module):
    """A trained `Sequential(body, head)` that also gives what decided its logits.

    `forward` takes a batch, float32 (N, 3, H, W), and returns in the order of `bundle.NETWORK_OUTPUTS`: logits (N, K),
    embedding (N, D), evidence (N, K, h, w), and the activations after the stem and after layers 1 to 3. The mean of
    `evidence` over its places is `logits`, since the head is linear after an average.
    """

    def __init__(self, model: nn.Sequential) -> None:
        super().__init__()
        body, head = cast(nn.Sequential, model[0]), cast(nn.Sequential, model[1])
        self.stem, self.layer1, self.layer2, self.layer3, self.layer4 = stages(body)
        self.linear = cast(nn.Linear, head[3])

    def forward(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        stem = self.stem(batch)
        layer1 = self.layer1(stem)
        layer2 = self.layer2(layer1)
        layer3 = self.layer3(layer2)
        features = self.layer4(layer3)
        embedding = features.mean(dim=(2, 3))
        weight = self.linear.weight[:, :, None, None]
        evidence = nn.functional.conv2d(features, weight, self.linear.bias)
        return self.linear(embedding), embedding, evidence, stem, layer1, layer2, layer3


def load_verified_learner(bundle: ModelBundle) -> Learner:
    """The bundle's fastai learner, on the CPU; unpickled only if its sha256 is the one in the card.

    Raises:
        BundleMissingError, BundleDamagedError: see `ModelBundle.verified_file`.
    """
    return load_trusted_learner(bundle.verified_file(LEARNER))


def load_trusted_learner(path: Path) -> Learner:
    """The fastai learner of a file that is known to be ours; unpickling runs what the file says."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*insecure pickle module")  # That is what sha256 is checked for.
        return load_learner(path, cpu=True)


def golden_logits(bundle: ModelBundle) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What the bundle's learner answers to the golden picture: float32, (1, K).

    Raises:
        BundleMissingError, BundleDamagedError: see `load_verified_learner`.
    """
    model = load_verified_learner(bundle).model.eval()
    with torch.inference_mode():
        logits: Any = model(torch.from_numpy(golden_batch(bundle.card.preprocess)))
    return cast("np.ndarray[Any, np.dtype[np.float32]]", logits.numpy())


def learner_logits(learner: Learner, sources: Sequence[Path | bytes], batch_size: int = 32) -> np.ndarray[Any, Any]:
    """Logits of photos by fastai's own way, `get_preds` without its activation: float32, (N, K)."""
    loader = learner.dls.test_dl(list(sources), bs=batch_size, num_workers=0)
    with learner.no_bar(), learner.no_logging():
        logits, _ = learner.get_preds(dl=loader, act=nn.Identity())
    return np.asarray(logits.float().numpy())
