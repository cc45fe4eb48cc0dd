"""Limits on a photo. Imports nothing, so that gunicorn's master can know them without loading a library."""

from __future__ import annotations

from dataclasses import dataclass

# Pillow refuses above twice its own warning limit whatever we allow, so no limit of ours may be higher.
# Source: PIL.Image.MAX_IMAGE_PIXELS, 2 * (1024**3 // 4 // 3), rounded down.
MAX_PIXELS_CEILING = 178_000_000


@dataclass(frozen=True)
class ImageLimits:
    """What a photo may cost.

    `max_image_px` is its width times its height, checked before a pixel is decoded. `max_reads` and `max_scans` bound
    the time a file can take that is small in pixels: the pieces it is made of, and the times a JPEG repaints itself.
    `max_profile_bytes`: a larger colour profile is ignored. `max_heif_s` and `max_heif_bytes` bound the process that
    decodes a HEIC or AVIF photo, in seconds and in bytes of memory.
    """

    max_image_px: int = 64_000_000
    max_reads: int = 500_000
    max_scans: int = 40
    max_profile_bytes: int = 4_000_000
    max_heif_s: float = 10.0
    max_heif_bytes: int = 1_000_000_000
