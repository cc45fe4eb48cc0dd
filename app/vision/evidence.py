"""What speaks for a label, place by place: the heat map."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.vision.card import Task
from app.vision.scores import Array

_MAP_SIDE_PX = 448
_MOST_OPAQUE = 200

# Anchors of the map's colours from little to much evidence: clear, then violet, orange and pale yellow.
# Source: matplotlib's "inferno", which orders by lightness and so also reads in grey and for the colour-blind.
_COLOURS = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)], dtype=np.float64)


def relative_evidence(evidence: Array, task: Task = "single_label") -> Array:
    """What of the evidence (K, h, w) speaks for each label.

    A softmax does not change when the same number is added to every logit, so of one label a photo only the difference
    to the labels' mean at each place speaks for a label. With several labels a photo, each is judged by itself.
    """
    if task == "multi_label":
        return evidence
    return np.asarray(evidence - evidence.mean(axis=0, keepdims=True), dtype=np.float32)


def heat_map(
    evidence: Array,
    class_index: int,
    size: tuple[int, int],
    task: Task = "single_label",
    max_side_px: int = _MAP_SIDE_PX,
) -> Image.Image:
    """The evidence for one label as a picture to lay over the photo.

    Args:
        evidence: (K, h, w), as the network gives it.
        class_index: the label's index.
        size: (width, height) of the photo, in pixels; the map has its shape.
        task: the card's.
        max_side_px: the map's long side.
    Returns:
        RGBA; clear where nothing speaks for the label, the more opaque and the lighter the more does. The scale is the
        photo's own: its most telling place, for whichever label, is full.
    """
    relative = relative_evidence(evidence, task)
    strongest = max(float(relative.max()), 1e-9)
    strength = np.clip(relative[class_index] / strongest, 0.0, 1.0).astype(np.float32)
    smooth = Image.fromarray(strength).resize(_map_size(size, max_side_px), Image.Resampling.BICUBIC)
    return _coloured(np.clip(np.asarray(smooth), 0.0, 1.0))


def _map_size(size: tuple[int, int], max_side_px: int) -> tuple[int, int]:
    scale = max_side_px / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _coloured(strength: Array) -> Image.Image:
    rgba = np.concatenate([colours(strength), strength[..., None] * _MOST_OPAQUE], axis=-1)
    return Image.fromarray(rgba.round().astype(np.uint8), mode=None)


def colours(strength: Array | NDArray[np.float64]) -> NDArray[np.float64]:
    """The map's colours (..., 3), 0 to 255, of strengths (...) in 0..1: from nearly black to pale yellow."""
    at = np.linspace(0.0, 1.0, len(_COLOURS))
    return np.stack([np.interp(strength, at, _COLOURS[:, channel]) for channel in range(3)], axis=-1)


def png_data_uri(image: Image.Image) -> str:
    """The image as a `data:image/png;base64,` URI."""
    return _data_uri(_encoded(image, "PNG"), "image/png")


def jpeg_data_uri(image: Image.Image, max_side_px: int) -> str:
    """An RGB image, shrunk to a longest side, as a `data:image/jpeg;base64,` URI without metadata."""
    return _data_uri(jpeg_bytes(image, max_side_px, quality=82), "image/jpeg")


def jpeg_bytes(image: Image.Image, max_side_px: int, quality: int) -> bytes:
    """An RGB image, shrunk to a longest side, as a JPEG file without metadata."""
    scale = min(1.0, max_side_px / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    small.info.clear()  # A JPEG's comment would be saved again.
    return _encoded(small, "JPEG", quality=quality)


def _encoded(image: Image.Image, image_format: str, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def _data_uri(content: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
