"""What a decoder gives."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Decoded:
    """A photo's pixels as they were stored.

    `image` is L, RGB, CMYK or LAB, 8 bits, over white; `orientation` EXIF's, 1 to 8 if it has sense, still to be
    undone; `profile` the ICC profile that tells what the numbers mean, if there is one.
    """

    image: Image.Image
    orientation: int
    profile: bytes | None
