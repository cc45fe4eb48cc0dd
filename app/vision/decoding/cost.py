"""What decoding a photo will take in memory, by its header."""

from __future__ import annotations

from PIL import Image

# Bytes a pixel has in Pillow's memory; 4 in every other mode. Source: Pillow's libImaging/Storage.c.
_BYTES_PER_PX = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
# How many such copies are in memory at once. WebP: libwebp's two canvases, the frame handed over, and Pillow's; TIFF:
# libtiff's strip, which may be the whole picture. Tested against what decoding really takes (tests/vision/test_memory).
_COPIES = {"WEBP": 4, "TIFF": 2}
# libjpeg keeps every coefficient of a JPEG that is painted in several passes: 16 bits for each of its components.
_COEFFICIENT_BYTES = 2
# Strips on their way to RGB, and the reduced photo.
_BESIDE_BYTES = 24_000_000


def decoding_bytes(image: Image.Image, full_size: tuple[int, int], n_scans: int) -> int:
    """Memory that decoding takes at most, in bytes.

    Args:
        image: opened, nothing decoded; a JPEG already told at which scale it will be decoded.
        full_size: its size before it was told.
        n_scans: `count_scans` of a JPEG, 1 of others.
    """
    width, height = image.size
    copies = _COPIES.get(image.format or "", 1)
    total = width * height * _BYTES_PER_PX.get(image.mode, 4) * copies + _BESIDE_BYTES
    if n_scans > 1:
        total += full_size[0] * full_size[1] * len(image.getbands()) * _COEFFICIENT_BYTES
    return total
