"""Landscapes drawn in code, each of one colour: what the coloured network goes by, see `coloured_app`."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

# Sky, far ridge, near ridge.
_PALETTES = {
    "red": ((250, 190, 140), (205, 105, 80), (120, 50, 45)),
    "green": ((170, 215, 185), (95, 160, 105), (35, 85, 50)),
    "blue": ((160, 190, 245), (85, 120, 205), (35, 55, 120)),
    "black": ((6, 6, 8), (4, 4, 5), (2, 2, 2)),
    "white": ((255, 255, 255), (253, 253, 253), (251, 251, 251)),
}


def draw_landscape(colour: str, size: tuple[int, int] = (800, 600), *, grain: int = 0, seed: int = 0) -> Image.Image:
    """Two ridges beneath a sky with a sun; with grain, as a camera's, its JPEG is as large as a photo's."""
    width, height = size
    sky, far, near = _PALETTES[colour]
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size, sky)
    draw = ImageDraw.Draw(image)
    radius = min(size) // 12
    draw.ellipse((width * 0.7 - radius, height * 0.2 - radius, width * 0.7 + radius, height * 0.2 + radius), fill=sky)
    for base, rise, ridge in ((0.55, 0.3, far), (0.8, 0.2, near)):
        at = np.linspace(0, width, 13)
        tops = height * (base - rise * rng.random(len(at)))
        draw.polygon([(0, height), *zip(at, tops, strict=True), (width, height)], fill=ridge)
    if not grain:
        return image
    noise = rng.integers(-grain, grain + 1, (height, width, 1), dtype=np.int16)
    return Image.fromarray((np.asarray(image, dtype=np.int16) + noise).clip(0, 255).astype(np.uint8))
