"""Photos to measure with, drawn, or those of a data folder."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

from training.data import PhotoRow, read_data_folder

_LABELS = ("first", "second", "third", "fourth")
_SIDES_PX = (640, 480)


def draw_photos(folder: Path, n_photos: int) -> Path:
    """A data folder of JPEGs as large, and about as hard to decode, as small photographs: soft shapes and noise."""
    rng = np.random.default_rng(0)
    for number in range(n_photos):
        place = folder / _LABELS[number % len(_LABELS)]
        place.mkdir(parents=True, exist_ok=True)
        shapes = Image.fromarray(rng.integers(0, 256, (6, 8, 3)).astype(np.uint8))
        soft = shapes.resize(_SIDES_PX, Image.Resampling.BICUBIC)
        noise = rng.integers(-12, 13, (_SIDES_PX[1], _SIDES_PX[0], 1))
        pixels = (np.asarray(soft).astype(int) + noise).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(place / f"{number:05}.jpg", quality=88)
    return folder


def rows_to_train(data: Path, n_photos: int) -> list[PhotoRow]:
    """So many train rows, photos of the folder over and over if it has fewer, and one to validate."""
    found = read_data_folder(data)
    spread = found[:: max(1, len(found) // n_photos)]
    train = [replace(row, split="train") for row in islice(cycle(spread), n_photos)]
    return [*train, replace(found[0], split="valid")]
