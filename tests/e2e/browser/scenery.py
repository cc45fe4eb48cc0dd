"""Scenery generated in code, for the screenshots in docs/: no photo of anybody's is shown there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float64]
SIZE = (1200, 800)
# From the spring's middle outwards: deep water, the algae of its rim, dry ground.
_SPRING = np.array(
    [(12, 62, 120), (26, 110, 160), (70, 160, 150), (212, 190, 80), (206, 122, 46), (150, 82, 50), (190, 170, 150)]
)


def draw_hot_spring(seed: int = 5, size: tuple[int, int] = SIZE) -> Image.Image:
    """A hot spring seen from above its shore: deep blue within, yellow and rust at its rim, steam over it."""
    rng = np.random.default_rng(seed)
    width, height = size
    x = np.linspace(0, 1, width)
    image = _sky(size, (120, 165, 215), (215, 226, 232))
    _clouds(image, rng)
    _ground(image, rng, 0.33 + 0.03 * _waves(rng, x, 6), (92, 112, 96), (60, 78, 62))
    _wood(image, rng, 0.38, 0.03, 900, (44, 66, 44))
    _ground(image, rng, 0.39 + 0.004 * _waves(rng, x, 8), (205, 196, 182), (168, 150, 130))
    yy, xx = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]
    edge = 0.05 * np.sin(5 * np.arctan2(yy - 0.66, xx - 0.5)) + 0.02 * _waves(rng, x, 7)[None, :]
    radius = np.hypot((xx - 0.5) / 0.42, (yy - 0.66) / 0.19) + edge
    stops = [0.0, 0.45, 0.62, 0.75, 0.88, 1.05, 1.2]
    spring = np.stack([np.interp(radius, stops, _SPRING[:, channel]) for channel in range(3)], axis=-1)
    image[:] = np.where((radius < 1.2)[..., None], spring, image)
    over = np.exp(-(((yy - 0.45) / 0.12) ** 2) - ((xx - 0.5) / 0.3) ** 2)
    steam = _cloud_noise(rng, (height, width)) * over
    image[:] = image + (245 - image) * np.clip(1.4 * steam, 0, 0.9)[..., None]
    return _finished(image, rng)


def draw_big_trees(seed: int = 3, size: tuple[int, int] = SIZE) -> Image.Image:
    """Trunks of cinnamon bark as wide as a house, and the wood behind them in haze."""
    rng = np.random.default_rng(seed)
    width = size[0]
    image = _sky(size, (150, 172, 150), (222, 224, 196))
    _wood(image, rng, 0.75, 0.25, 700, (74, 98, 70))
    for depth, count in ((0.35, 16), (0.65, 8), (1.0, 4)):
        for at in rng.uniform(0, 1, count):
            _trunk(image, rng, at, 0.012 + 0.05 * depth**2, depth)
    x = np.linspace(0, 1, width)
    _ground(image, rng, 0.9 + 0.02 * _waves(rng, x, 8), (120, 96, 62), (70, 62, 38))
    return _finished(image, rng)


def _sky(size: tuple[int, int], above: tuple[int, int, int], below: tuple[int, int, int]) -> Array:
    width, height = size
    down = np.linspace(0, 1, height)[:, None, None] ** 0.8
    return np.broadcast_to((1 - down) * np.array(above) + down * np.array(below), (height, width, 3)).copy()


def _cloud_noise(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Fractal noise, 0 to 1: grids of random numbers, each twice as fine and half as strong."""
    total = np.zeros(shape)
    for octave in range(1, 8):
        grid = rng.random((2**octave + 1, 2 ** (octave + 1) + 1)).astype(np.float32)
        total += np.asarray(Image.fromarray(grid).resize(shape[::-1], Image.Resampling.BICUBIC)) / 2**octave
    return np.asarray((total - total.min()) / (total.max() - total.min()))


def _clouds(image: Array, rng: np.random.Generator) -> None:
    cover = np.clip((_cloud_noise(rng, image.shape[:2]) - 0.52) * 3, 0, 1)[..., None]
    image[:] = image + (250 - image) * cover


def _waves(rng: np.random.Generator, x: Array, octaves: int) -> Array:
    """A ridge's line, about -1 to 1."""
    line = np.full(len(x), -1.1)
    for octave in range(octaves):
        stretch, phase = 2**octave * np.pi * rng.uniform(0.8, 1.2), rng.uniform(0, 6)
        line += np.abs(np.sin(stretch * x + phase)) / 1.8**octave
    return line


def _ground(
    image: Array,
    rng: np.random.Generator,
    top: Array,
    lit: tuple[int, int, int],
    shaded: tuple[int, int, int],
) -> None:
    """Ground from a line downwards, lit from above."""
    height, width = image.shape[:2]
    y = np.linspace(0, 1, height)[:, None]
    noise = _cloud_noise(rng, (height, width))
    slope = np.gradient(top)[None, :] * width
    light = np.clip(0.55 - 0.25 * np.tanh(slope) + 0.9 * (noise - 0.5) - 0.5 * (y - top[None, :]), 0, 1)[..., None]
    rock = light * np.array(lit) + (1 - light) * np.array(shaded)
    image[:] = np.where((y >= top[None, :])[..., None], rock, image)


def _wood(
    image: Array, rng: np.random.Generator, foot: float, depth: float, count: int, colour: tuple[int, int, int]
) -> None:
    """Firs, the nearer the larger, and the ground they stand on."""
    height, width = image.shape[:2]
    image[int((foot + depth * 0.5) * height) :] = np.array(colour) * 0.8
    for near in np.sort(rng.random(count)):
        base, x = int((foot + depth * near) * height), int(rng.uniform(0, width))
        tall = int(height * (0.03 + 0.5 * depth) * rng.uniform(0.6, 1.3) * (0.5 + near))
        shade = np.array(colour) * rng.uniform(0.7, 1.5)
        for step in range(tall):
            half = max(1, int(step * 0.2 * (0.75 + 0.25 * np.sin(step * 1.1))))
            y = base - tall + step
            if 0 <= y < height:
                image[y, max(0, x - half) : x] = shade * 1.15
                image[y, x : x + half] = shade * 0.85


def _trunk(image: Array, rng: np.random.Generator, at: float, half: float, depth: float) -> None:
    height, width = image.shape[:2]
    for y in range(height):
        flare = 1 + 0.7 * np.clip(y / height - 0.72, 0, 1) / 0.28
        left, right = int(width * (at - half * flare)), int(width * (at + half * flare))
        columns = np.arange(max(0, left), min(width, right))
        if not len(columns):
            continue
        across = (columns - left) / max(1, right - left)
        ridges = 0.85 + 0.15 * np.sin(columns * 0.35 + 0.01 * y) + rng.normal(0, 0.06, len(columns))
        light = ((0.5 + 0.6 * np.sin(np.pi * across)) * ridges)[:, None]
        bark = light * np.array([168, 92, 58])
        image[y, columns] = depth * bark + (1 - depth) * image[y, columns]


def _finished(image: Array, rng: np.random.Generator) -> Image.Image:
    grain = rng.normal(0, 4, (*image.shape[:2], 1))
    return Image.fromarray((image + grain).clip(0, 255).astype(np.uint8))
