"""One drawn picture whose logits a card keeps: whatever runs a network must give them again.

They guard the whole way from an RGB image to logits: the fitting, the normalisation, the network and what runs it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.vision.card import Card
from app.vision.preprocess import PreprocessSpec, fit_image, to_batch
from app.vision.scores import probabilities

# As between the runtimes: largest difference in probability that float32 arithmetic in another order explains.
GOLDEN_TOLERANCE = 1e-3
# What a network in int8 may be off by, on real photos too, to be taken at export: see `training.network_precision`.
INT8_TOLERANCE = 1e-2

_WIDTH, _HEIGHT = 480, 320


def golden_batch(spec: PreprocessSpec) -> NDArray[np.float32]:
    """The picture as the network sees it: float32 (1, 3, size_px, size_px)."""
    return to_batch([fit_image(golden_image(), spec)], spec)


def golden_image() -> Image.Image:
    """Waves of three colours, RGB, 480 x 320 px: all integers, the same on every machine."""
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    channels = [(x * x // 97 + y * 3) % 256, (x * 2 + y * y // 61) % 256, (x * y // 53) % 256]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def golden_tolerance(card: Card) -> float:
    """The largest gap that model.onnx of this card may have; for the learner it is GOLDEN_TOLERANCE."""
    return INT8_TOLERANCE if card.precision == "int8" else GOLDEN_TOLERANCE


def golden_gap(logits: NDArray[np.float32], card: Card) -> float:
    """Largest difference in probability between these logits (1, K) of the golden picture and the card's; 0 if none."""
    if card.golden is None:
        return 0.0
    expected = np.array([card.golden], dtype=np.float32)
    return float(np.abs(probabilities(logits, card) - probabilities(expected, card)).max())
