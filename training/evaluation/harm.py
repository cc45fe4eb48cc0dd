"""How much is lost when photos are harmed as photos are: turned, squeezed, blurred, taken in the dark, cropped."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

from fastai.learner import Learner
from PIL import Image, ImageEnhance, ImageFilter

from app.vision.card import Card
from training.evaluation.labels import accuracy, accuracy_among_known
from training.evaluation.verdicts import match_is_right
from training.outputs import ImageChange, SplitOutputs, split_outputs

_ANGLE_DEG = 15
_INSIDE = 0.97  # A little less than what fits, since the turned photo's edge is blended with the empty corners.
_JPEG_QUALITY = 20
_BLUR_OF_SIDE = 0.015
_LIGHT_LEFT = 0.3
_SIDE_LEFT = 0.6


def harm_figures(learner: Learner, card: Card, test: SplitOutputs) -> dict[str, Any]:
    """The block of figures: the same photos as they are, and after each harm."""
    harmed = {"as it is": test}
    for name, harm in HARMS.items():
        harmed[name] = split_outputs(learner, test.rows, card, test.neighbours, name, harm)
    return {"harm": {name: _figures(card, outputs) for name, outputs in harmed.items()}}


def _figures(card: Card, outputs: SplitOutputs) -> dict[str, Any]:
    return {
        "accuracy": accuracy(card, outputs),
        "accuracy_among_known": accuracy_among_known(card, outputs),
        "match_is_right": match_is_right(card, outputs),
    }


def turned(image: Image.Image) -> Image.Image:
    """Turned by 15 degrees and cropped to what of it has no empty corners."""
    around = image.rotate(_ANGLE_DEG, Image.Resampling.BICUBIC)
    left = _share_without_corners(image.size)
    return _middle(around, left)


def _share_without_corners(size: tuple[int, int]) -> float:
    """The side, 0..1, of the largest centred box of the photo's shape inside the turned photo."""
    angle, (long, short) = math.radians(_ANGLE_DEG), (max(size), min(size))
    return _INSIDE * short / (long * math.sin(angle) + short * math.cos(angle))


def on_its_side(image: Image.Image) -> Image.Image:
    """Turned by a quarter, as a photo whose orientation was lost."""
    return image.transpose(Image.Transpose.ROTATE_90)


def squeezed(image: Image.Image) -> Image.Image:
    """Saved as a JPEG of quality 20."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_JPEG_QUALITY)
    return Image.open(file).convert("RGB")


def blurred(image: Image.Image) -> Image.Image:
    """Out of focus by 1.5 % of the shorter side (Gaussian)."""
    return image.filter(ImageFilter.GaussianBlur(_BLUR_OF_SIDE * min(image.size)))


def darkened(image: Image.Image) -> Image.Image:
    """With 30 % of the light left."""
    return ImageEnhance.Brightness(image).enhance(_LIGHT_LEFT)


def cropped(image: Image.Image) -> Image.Image:
    """The middle, 60 % of each side."""
    return _middle(image, _SIDE_LEFT)


def _middle(image: Image.Image, share: float) -> Image.Image:
    width, height = image.size
    kept = max(1, round(width * share)), max(1, round(height * share))
    left, top = (width - kept[0]) // 2, (height - kept[1]) // 2
    return image.crop((left, top, left + kept[0], top + kept[1]))


HARMS: Mapping[str, ImageChange] = {
    "turned by 15°": turned,
    "on its side": on_its_side,
    "JPEG of quality 20": squeezed,
    "blurred": blurred,
    "dark": darkened,
    "cropped": cropped,
}
