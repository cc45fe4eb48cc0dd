"""Pictures drawn in code: no photo of anybody's is in this repository."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image, ImageDraw

QUADRANTS = ("red", "green", "blue", "yellow")  # top left, top right, bottom left, bottom right


def draw_scene(seed: int = 0, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """A made-up landscape: sky, a ridge, a meadow, and some noise."""
    rng = np.random.default_rng(seed)
    width, height = size
    image = Image.new("RGB", size, tuple(int(v) for v in rng.integers(120, 255, 3)))
    draw = ImageDraw.Draw(image)
    ridge = [(x, int(height * rng.uniform(0.3, 0.6))) for x in range(0, width + 1, max(1, width // 6))]
    ground = tuple(int(v) for v in rng.integers(20, 140, 3))
    draw.polygon([(0, height), *ridge, (width, height)], fill=ground)
    noise = rng.integers(0, 25, (height, width, 3))
    return Image.fromarray((np.asarray(image).astype(int) - noise).clip(0, 255).astype(np.uint8))


def draw_quadrants(size: tuple[int, int] = (80, 60)) -> Image.Image:
    """Four plain colours, so that every flip and turn shows."""
    width, height = size
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for index, colour in enumerate(QUADRANTS):
        left, top = (index % 2) * width // 2, (index // 2) * height // 2
        draw.rectangle((left, top, left + width // 2, top + height // 2), fill=colour)
    return image


def encode(image: Image.Image, image_format: str = "JPEG", **options: Any) -> bytes:
    """The image as a file's bytes."""
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def encode_heic(image: Image.Image, **options: Any) -> bytes:
    """The image as a HEIC file's bytes, as nearly itself as the format allows."""
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=-1, chroma=444, matrix_coefficients=0, **options)
    return file.getvalue()


def draw_data_folder(folder: Path, *, sources: int = 6, photos: int = 3, seed: int = 0) -> Path:
    """A toy data folder: cats are reddish, dogs greenish, other/far bluish; file names begin with their source."""
    rng = np.random.default_rng(seed)
    for channel, stratum in enumerate(("cats", "dogs", "other/far")):
        (folder / stratum).mkdir(parents=True)
        for source in range(sources):
            for number in range(photos):
                pixels = rng.integers(0, 120, (48, 64, 3)).astype(np.uint8)
                pixels[..., channel] += 100
                name = f"{stratum[:3]}-source-{source}__{number:02}.jpg"
                Image.fromarray(pixels).save(folder / stratum / name, quality=95)
    return folder


def draw_shapes(labels: Sequence[str], seed: int, size: tuple[int, int] = (80, 64)) -> Image.Image:
    """A grey field with an orange cone, a blue ball, both or neither, somewhere."""
    rng = np.random.default_rng(seed)
    width, height = size
    image = Image.fromarray(rng.integers(90, 130, (height, width, 3)).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    places = rng.permutation([width // 4, 3 * width // 4])
    for label, x in zip(("ball", "cone"), places, strict=True):
        y, r = int(rng.integers(height // 3, 2 * height // 3)), int(rng.integers(height // 5, height // 4))
        if label in labels and label == "ball":
            draw.ellipse((x - r, y - r, x + r, y + r), fill=(20, 40, 250))
        elif label in labels:
            draw.polygon([(x, y - r), (x - r, y + r), (x + r, y + r)], fill=(255, 120, 0))
    return image


def draw_shape_table(folder: Path, *, each: int) -> Path:
    """`photos/` of cones, balls, both and neither, every one a source of its own; and the table of their labels."""
    (folder / "photos").mkdir(parents=True)
    lines = ["path,labels"]
    for kind, labels in enumerate(([], ["ball"], ["cone"], ["ball", "cone"])):
        for number in range(each):
            name = f"{kind}-{number:02}.png"
            draw_shapes(labels, seed=100 * kind + number).save(folder / "photos" / name)
            lines.append(f"{name},{';'.join(labels)}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder / "labels.csv"
