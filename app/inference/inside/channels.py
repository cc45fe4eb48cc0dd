"""Which of a layer's many maps tell most about a photo, and what the first layer's maps go with."""

from __future__ import annotations

import numpy as np
from PIL import Image

from app.inference.runtime import Array

# Beneath this correlation a map goes with nothing that has a name.
MIN_CORRELATION = 0.5

# The rows of simple_features that are edges.
_EDGES = slice(0, 2)

# Every so-manyth place of a large map tells as much of it as all of them, in a tenth of the time.
_PLACES_A_SIDE = 28

# Weights of red, green and blue in brightness. Source: ITU-R BT.601, as Pillow's "L".
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def telling_channels(activations: Array, n: int) -> list[int]:
    """The n of the maps (C, h, w) that vary most across the photo and resemble each other least; fewer if C is less.

    The first is the map of greatest variance; each next one that whose variance is greatest in what the most similar of
    those chosen before does not explain (1 - r²). The same maps give the same choice.
    """
    step = max(1, max(activations.shape[1:]) // _PLACES_A_SIDE)
    flat = activations[:, ::step, ::step].reshape(len(activations), -1)
    unit, variance = _unit(flat), flat.var(axis=1)
    left, chosen = variance, list[int]()
    for _ in range(min(n, len(activations))):
        left[chosen] = -1.0
        chosen.append(int(left.argmax()))
        correlation = unit @ unit[chosen[-1]]
        left = np.minimum(left, variance * (1.0 - correlation**2))
    return chosen


def named_channels(activations: Array, image: Image.Image, n: int) -> list[tuple[int, str | None]]:
    """Of the maps (C, h, w), at most n that a name can be given to, and the name: of each feature the map like it most.

    Only maps that resemble a feature (r of at least 0.5) are named: edges first, as brightness and colours would take
    all places, then the most alike. Telling ones fill up to n.

    Args:
        image: RGB, what the network was shown.
    """
    features = simple_features(image, (activations.shape[2], activations.shape[1]))
    names, values = list(features), np.stack(list(features.values()))
    likeness = _unit(values.reshape(len(values), -1)) @ _unit(activations.reshape(len(activations), -1)).T
    chosen: dict[int, str | None] = {}
    for rows in (_EDGES, slice(None)):
        while len(chosen) < n and likeness[rows].max() >= MIN_CORRELATION:
            feature, channel = np.argwhere(likeness == likeness[rows].max())[0]
            chosen[int(channel)] = names[feature]
            likeness[feature], likeness[:, channel] = -1.0, -1.0
    others = [channel for channel in telling_channels(activations, n) if channel not in chosen]
    return [*chosen.items(), *((channel, None) for channel in others)][:n]


def simple_features(image: Image.Image, size: tuple[int, int]) -> dict[str, Array]:
    """What a person would name in a picture, place by place, (height, width) for a size of (width, height).

    A colour is how much its channel stands above the brightness; an edge how much the brightness changes to the
    neighbours, sideways at an upright edge, up and down at a level one.
    """
    pixels = np.asarray(image.resize(size, Image.Resampling.BOX)).astype(np.float32)
    light = pixels @ _LUMA
    red, green, blue = np.moveaxis(pixels - light[..., None], -1, 0)
    down, across = (np.gradient(light, axis=axis) if light.shape[axis] > 1 else np.zeros_like(light) for axis in (0, 1))
    return {
        "upright edges": np.abs(across),
        "level edges": np.abs(down),
        "light": light,
        "dark": -light,
        "red": red,
        "green": green,
        "blue": blue,
        "yellow": -blue,
    }


def _unit(rows: Array) -> Array:
    """Each row less its mean, of length 1, so that a product of two is their correlation; a flat one is all 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(length, 1e-12))
