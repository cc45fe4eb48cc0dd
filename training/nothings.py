"""Pictures of nothing, drawn in code: flat colours, gradients, noise, pages of text.

Photos show no such thing, so a network trained on photos alone may take one for anything, and be sure of it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from training.config import TrainConfig

_GARISH_SHARE = 0.4  # Of the colours, those of which each part is none or all: screens show them, nature does not.
_GRAINS_PX = (1, 2, 4, 8, 16, 32)

Colour = tuple[int, ...]


@dataclass(frozen=True)
class DrawnRow:
    """A picture that is trained on like a photo: a PNG's bytes in place of a path."""

    path: bytes
    label: str
    labels: tuple[str, ...]


def draw_nothings(vocab: Sequence[str], config: TrainConfig) -> list[DrawnRow]:
    """`config.nothings` pictures, the same for the same seed; they show "none of these", or of several labels none."""
    rng = np.random.default_rng(config.seed)
    labels = (config.other_label,) if config.other_label in vocab else ()
    kinds = [_KINDS[number % len(_KINDS)] for number in range(config.nothings)]
    return [DrawnRow(_png(draw(rng, config.preprocess.decode_px)), config.other_label, labels) for draw in kinds]


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _colour(rng: np.random.Generator) -> Colour:
    garish = rng.random() < _GARISH_SHARE
    return tuple(int(part) for part in (rng.integers(0, 2, 3) * 255 if garish else rng.integers(0, 256, 3)))


def draw_flat(rng: np.random.Generator, side_px: int) -> Image.Image:
    """One colour."""
    return Image.new("RGB", (side_px, side_px), _colour(rng))


def draw_gradient(rng: np.random.Generator, side_px: int) -> Image.Image:
    """One colour that becomes another, from top to bottom or from left to right."""
    first, last = np.array(_colour(rng)), np.array(_colour(rng))
    share = np.linspace(0, 1, side_px)[:, None, None]
    pixels: NDArray[np.float64] = np.tile(first * (1 - share) + last * share, (1, side_px, 1))
    return Image.fromarray((pixels if rng.random() < 0.5 else pixels.transpose(1, 0, 2)).astype(np.uint8))


def draw_noise(rng: np.random.Generator, side_px: int) -> Image.Image:
    """Squares of random colours."""
    grain = int(rng.choice(_GRAINS_PX))
    n = -(-side_px // grain)
    squares = Image.fromarray(rng.integers(0, 256, (n, n, 3)).astype(np.uint8))
    return squares.resize((n * grain, n * grain), Image.Resampling.NEAREST).crop((0, 0, side_px, side_px))


def draw_page(rng: np.random.Generator, side_px: int) -> Image.Image:
    """Lines of words: dark bars on paper, or on any colour."""
    paper = _colour(rng) if rng.random() < _GARISH_SHARE else tuple(int(part) for part in rng.integers(235, 256, 3))
    page = Image.new("RGB", (side_px, side_px), paper)
    draw, ink, margin = ImageDraw.Draw(page), (int(rng.integers(0, 90)),) * 3, side_px // 12
    height = max(2, side_px // 70)
    for top in range(margin, side_px - margin, int(rng.integers(2, 5)) * height):
        left = margin
        while left < side_px - margin:
            right = min(side_px - margin, left + int(rng.integers(1, 9)) * height)
            draw.rectangle((left, top, right, top + height), fill=ink)
            left = right + height
    return page


_KINDS: tuple[Callable[[np.random.Generator, int], Image.Image], ...] = (
    draw_flat,
    draw_gradient,
    draw_noise,
    draw_page,
)
