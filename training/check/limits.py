"""CheckLimits: what is found too little, too near or too much, and what a check may cost; a flag for each."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from app.vision.limits import MAX_PIXELS_CEILING, ImageLimits
from training.errors import ConfigError


def _limit(default: float, help_text: str, *, least: float, most: float = math.inf) -> Any:
    return dataclasses.field(default=default, metadata={"help": help_text, "least": least, "most": most})


@dataclass(frozen=True)
class CheckLimits:
    """One row a limit; the command line has a flag of the same name for each.

    Raises:
        ConfigError: a limit is out of its range.
    """

    min_side_px: int = _limit(128, "shorter side of a photo, in pixels; below it is tiny", least=1)
    near_duplicate_bits: int = _limit(
        6, "bits of 64 in which the perceptual hashes of near duplicates may differ", least=0, most=64
    )
    min_photos: int = _limit(20, "photos of a label; fewer are too few", least=1)
    min_sources: int = _limit(7, "sources of a label; fewer are too few: the trainer deals them into 7 folds", least=1)
    max_imbalance: float = _limit(10.0, "photos of the largest label for one of another", least=1)
    neighbours: int = _limit(10, "nearest photos whose mean distance tells an outlier", least=1)
    outlier_fence: float = _limit(
        1.5, "an outlier lies so many interquartile ranges beyond the upper quartile of the distances", least=0
    )
    max_shown: int = _limit(48, "findings of one kind that the page shows with their photos", least=1)
    max_files: int = _limit(200_000, "files that are looked at", least=1)
    max_file_bytes: int = _limit(256_000_000, "bytes of one file", least=1)
    max_read_s: float = _limit(60.0, "seconds that reading one file may take", least=0.1)
    max_image_px: int = _limit(
        ImageLimits.max_image_px, "pixels of one photo, its width times its height", least=1, most=MAX_PIXELS_CEILING
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, least, most = getattr(self, field.name), field.metadata["least"], field.metadata["most"]
            if not (math.isfinite(value) and least <= value <= most):
                flag = f"--{field.name.replace('_', '-')}"
                bounds = f"at least {least}" if most == math.inf else f"from {least} to {most}"
                raise ConfigError(f"{flag} must be {bounds}, got {value}.")
