"""Small pictures of what a layer answered: a map by itself, or as a light on the photo. All as data URIs."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from app.inference.runtime import Array
from app.vision.card import Task
from app.vision.evidence import colours, heat_map, jpeg_data_uri, png_data_uri

# A map has no more pixels than the network gave it, and not more than these; the page enlarges it.
MAX_MAP_PX = 112
HEAT_PX = 320

# Few colours make a small PNG: 32 instead of 256 halve it.
_N_COLOURS = 32
_DIMMED = 0.12


def map_picture(activation: Array) -> str:
    """One map (h, w), dark where it is silent and light where it answers most."""
    strength = _strength(activation)
    indices = Image.fromarray((strength * (_N_COLOURS - 1)).round().astype(np.uint8))
    if max(indices.size) > MAX_MAP_PX:
        indices = indices.resize((MAX_MAP_PX, MAX_MAP_PX), Image.Resampling.BOX)
    indices.putpalette(colours(np.linspace(0.0, 1.0, _N_COLOURS)).astype(np.uint8).tobytes())
    return png_data_uri(indices)


def spotlight(activation: Array, image: Image.Image) -> str:
    """An RGB picture in the light of one map (h, w): dim where it is silent, bright where it answers most."""
    light = Image.fromarray(_strength(activation)).resize(image.size, Image.Resampling.BICUBIC)
    brightness = _DIMMED + (1.0 - _DIMMED) * np.sqrt(np.clip(np.asarray(light), 0.0, 1.0))
    pixels = np.asarray(image) * brightness[..., None]
    return jpeg_data_uri(Image.fromarray(pixels.round().astype(np.uint8)), max(image.size))


def heat_on_photo(evidence: Array, class_index: int, image: Image.Image, task: Task) -> str:
    """The heat map of one label (see `heat_map`) over the photo in grey, so that all colour is evidence."""
    overlay = heat_map(evidence, class_index, image.size, task, HEAT_PX)
    small = image.resize(overlay.size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    grey = ImageOps.grayscale(small).convert("RGBA")
    return jpeg_data_uri(Image.alpha_composite(grey, overlay).convert("RGB"), HEAT_PX)


def _strength(activation: Array) -> Array:
    """From 0, the least, to 1, what one place in 200 exceeds, so that a single place does not dim the rest."""
    low, high = float(activation.min()), float(np.quantile(activation, 0.995))
    strength = np.clip((activation - low) / max(high - low, 1e-9), 0.0, 1.0)
    return np.asarray(strength, dtype=np.float32)
