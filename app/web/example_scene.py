"""A landscape drawn in code, for the page that explains the network to who sends no photo of their own."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

_WIDTH, _HEIGHT = 640, 420
_LAKE_Y = 330
_SEED = 7

# Ridges from the farthest to the nearest: how high, how rough, and their colour.
_RIDGES = ((150, 0.5, (128, 142, 168)), (205, 0.5, (86, 104, 122)), (268, 0.42, (50, 78, 70)))


def example_photo() -> bytes:
    """The landscape as a JPEG file: always the same one."""
    file = io.BytesIO()
    draw_landscape().save(file, "JPEG", quality=90)
    return file.getvalue()


def draw_landscape() -> Image.Image:
    """Evening sky, three ridges one behind the other, firs, and a lake that mirrors them; RGB, 640 x 420 px."""
    rng = np.random.default_rng(_SEED)
    image = _sky()
    draw = ImageDraw.Draw(image)
    for level, roughness, colour in _RIDGES:
        line = level - 70 * _ridge(rng, roughness)
        draw.polygon([(0, _HEIGHT), *enumerate(line), (_WIDTH, _HEIGHT)], fill=colour)
    _draw_firs(draw, rng)
    _lay_lake(image)
    grain = rng.normal(0.0, 3.0, (_HEIGHT, _WIDTH, 1))
    return Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))


def _sky() -> Image.Image:
    """From blue above to a warm horizon, with a low sun."""
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    height = np.clip(y / 240.0, 0.0, 1.0)[..., None]
    sky = (1.0 - height) * np.array([86, 132, 190]) + height * np.array([250, 214, 170])
    distance = np.hypot(x - 250, y - 140)[..., None]
    glow = np.exp(-distance / 60.0) * np.array([120, 90, 40]) + (distance < 20) * np.array([60, 60, 60])
    return Image.fromarray((sky + glow).clip(0, 255).astype(np.uint8))


def _ridge(rng: np.random.Generator, roughness: float) -> NDArray[np.float64]:
    """A mountain's line, one height for each column, about -1 to 1: waves, each half as long and less high."""
    x = np.arange(_WIDTH) / _WIDTH
    line = np.zeros(_WIDTH)
    for octave in range(7):
        phase, stretch = rng.uniform(0.0, 6.28), rng.uniform(0.8, 1.2)
        line -= roughness**octave * np.abs(np.sin(stretch * 2.0**octave * 3.14 * x + phase))
    return np.asarray((line - line.mean()) / np.abs(line - line.mean()).max())


def _draw_firs(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    for x in sorted(rng.integers(0, _WIDTH, 90)):
        height = int(rng.integers(26, 80))
        foot, green = _LAKE_Y - int(rng.integers(0, 14)), int(rng.integers(38, 70))
        for step in range(5):
            top = foot - height + step * height // 6
            half, bottom = (step + 2) * height // 26, top + height // 3
            draw.polygon([(x, top), (x - half, bottom), (x + half, bottom)], fill=(18, green, 34))


def _lay_lake(image: Image.Image) -> None:
    """Mirrors what is above the shore, bluer and blurred."""
    above = image.crop((0, 2 * _LAKE_Y - _HEIGHT, _WIDTH, _LAKE_Y)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    water = Image.blend(above.filter(ImageFilter.BoxBlur(2)), Image.new("RGB", above.size, (58, 92, 126)), 0.35)
    image.paste(water, (0, _LAKE_Y))
