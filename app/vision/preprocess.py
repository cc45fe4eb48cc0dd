"""THE definition of what the network sees: a second resize, mean or standard deviation anywhere is a bug."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Statistics of ImageNet's training images, channel by channel, for values in [0, 1].
# Source: torchvision's ResNet weights (`ResNet18_Weights.IMAGENET1K_V1.transforms()`).
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# Mean and standard deviation of networks that come from TensorFlow: pixels from -1 to 1.
HALF = (0.5, 0.5, 0.5)

_REDUCING_GAP = 2.0


@dataclass(frozen=True)
class PreprocessSpec:
    """How a photo becomes the network's input; kept in the bundle's card.

    The whole photo is stretched to a square, so that every place of the network's maps is a place of the photo.
    `size_px` is that square's side. `decode_px` is the least side a JPEG is decoded at (see `open_image`): part of the
    definition, because a scaled decoding gives slightly other pixels.
    """

    size_px: int = 224
    decode_px: int = 448
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    def __post_init__(self) -> None:
        if not (8 <= self.size_px <= 4096 and self.size_px <= self.decode_px):
            raise ValueError(f"size_px must be in 8..4096 and at most decode_px, got {self.size_px}, {self.decode_px}")
        numbers = (*self.mean, *self.std)
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0 or not all(map(math.isfinite, numbers)):
            raise ValueError(f"mean and std must have three numbers, std above 0, got {self.mean}, {self.std}")

    def to_json(self) -> dict[str, Any]:
        """The spec as the card holds it."""
        return {
            "size_px": self.size_px,
            "decode_px": self.decode_px,
            "mean": list(self.mean),
            "std": list(self.std),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> PreprocessSpec:
        """The spec of a card.

        Raises:
            KeyError, TypeError, ValueError: the card has no such spec.
        """
        return cls(
            size_px=int(data["size_px"]),
            decode_px=int(data["decode_px"]),
            mean=tuple(float(v) for v in data["mean"]),  # type: ignore[arg-type]
            std=tuple(float(v) for v in data["std"]),  # type: ignore[arg-type]
        )


def fit_image(image: Image.Image, spec: PreprocessSpec) -> Image.Image:
    """The RGB image stretched to `(spec.size_px, spec.size_px)`, antialiased."""
    return image.resize((spec.size_px, spec.size_px), Image.Resampling.BILINEAR, reducing_gap=_REDUCING_GAP)


def to_batch(images: Sequence[Image.Image], spec: PreprocessSpec) -> NDArray[np.float32]:
    """Normalised batch for the network.

    Args:
        images: RGB, each fitted by `fit_image`; at least one.
        spec: mean and std per channel, for values in [0, 1].
    Returns:
        float32, (N, 3, size_px, size_px), contiguous.
    Raises:
        ValueError: an image has another size or mode (a bug of the caller).
    """
    expected = (spec.size_px, spec.size_px)
    for image in images:
        if image.size != expected or image.mode != "RGB":
            raise ValueError(f"images must be RGB of {expected}, got {image.mode} of {image.size}")
    scale = (1.0 / (255.0 * np.asarray(spec.std))).astype(np.float32)
    shift = (np.asarray(spec.mean) / np.asarray(spec.std)).astype(np.float32)
    batch = np.empty((len(images), 3, *expected), dtype=np.float32)
    for index, image in enumerate(images):
        pixels = np.asarray(image).transpose(2, 0, 1)
        np.multiply(pixels, scale[:, None, None], out=batch[index], casting="unsafe")
        batch[index] -= shift[:, None, None]
    return batch
