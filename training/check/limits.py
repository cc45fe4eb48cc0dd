"""CheckLimits: what is found too little, too near or too much, and what a check may cost; a flag for each."""

from __future__ import annotations

from dataclasses import dataclass

from app.vision.limits import MAX_PIXELS_CEILING, ImageLimits
from training.limits import ensure_in_range, limit


@dataclass(frozen=True)
class CheckLimits:
    """One row a limit; the command line has a flag of the same name for each.

    Raises:
        ConfigError: a limit is out of its range.
    """

    min_side_px: int = limit(128, "shorter side of a photo, in pixels; below it is tiny", least=1)
    near_duplicate_bits: int = limit(
        6, "bits of 64 in which the perceptual hashes of near duplicates may differ", least=0, most=64
    )
    min_photos: int = limit(20, "photos of a label; fewer are too few", least=1)
    min_sources: int = limit(7, "sources of a label; fewer are too few: the trainer deals them into 7 folds", least=1)
    max_imbalance: float = limit(10.0, "photos of the largest label for one of another", least=1)
    neighbours: int = limit(10, "nearest photos whose mean distance tells an outlier", least=1)
    outlier_fence: float = limit(
        1.5, "an outlier lies so many interquartile ranges beyond the upper quartile of the distances", least=0
    )
    max_shown: int = limit(48, "findings of one kind that the page shows with their photos", least=1)
    max_files: int = limit(200_000, "files that are looked at", least=1)
    max_file_bytes: int = limit(256_000_000, "bytes of one file", least=1)
    max_read_s: float = limit(60.0, "seconds that reading one file may take", least=0.1)
    max_image_px: int = limit(
        ImageLimits.max_image_px, "pixels of one photo, its width times its height", least=1, most=MAX_PIXELS_CEILING
    )

    def __post_init__(self) -> None:
        ensure_in_range(self)
