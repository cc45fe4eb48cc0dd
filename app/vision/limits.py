"""Limits on a photo. Imports nothing, so that gunicorn's master can know them without loading a library."""

from __future__ import annotations

from dataclasses import dataclass

# Pillow refuses above twice its own warning limit whatever we allow, so no limit of ours may be higher.
# Source: PIL.Image.MAX_IMAGE_PIXELS, 2 * (1024**3 // 4 // 3), rounded down.
MAX_PIXELS_CEILING = 178_000_000


@dataclass(frozen=True)
class ImageLimits:
    """What a photo may cost before it is decoded: its width times its height, in pixels."""

    max_image_px: int = 64_000_000
