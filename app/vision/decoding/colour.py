"""What a photo's numbers mean as colour: its ICC profile -> sRGB, which the network was trained on and screens show."""

from __future__ import annotations

import io
import logging

from PIL import Image, ImageCms

_log = logging.getLogger(__name__)

# Source: ICC.1:2022, 7.2 (the header), 7.3 (the table of tags) and 9.2.41 (profileDescriptionTag).
_CLASSES = frozenset({b"scnr", b"mntr", b"prtr", b"spac"})
_SPACES = {"RGB": b"RGB ", "L": b"GRAY", "CMYK": b"CMYK", "LAB": b"Lab "}
_HEADER_BYTES, _TAG_BYTES, _MOST_TAGS = 128, 12, 100
_SRGB_NAMES = (b"sRGB", "sRGB".encode("utf-16-be"))


def to_srgb(image: Image.Image, profile: bytes | None, max_profile_bytes: int) -> Image.Image:
    """The image in sRGB, mode RGB.

    Args:
        image: L, RGB, CMYK or LAB.
        profile: its ICC profile, as it came. One that is larger than `max_profile_bytes`, broken, or made for another
            kind of pixels is ignored: a photo with a broken profile is still a photo.
    """
    if image.mode == "LAB":
        return _converted(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    if profile and len(profile) <= max_profile_bytes and _is_meant_for(image.mode, profile) and not _is_srgb(profile):
        try:
            return _converted(image, ImageCms.ImageCmsProfile(io.BytesIO(profile)))
        except Exception:  # Little CMS and its wrapper raise several kinds for a profile that has no sense.
            _log.debug("a photo's colour profile is ignored", exc_info=True)
    return image if image.mode == "RGB" else image.convert("RGB")


def _converted(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    """By the profile's perceptual table; a profile that has one table only, like those of cameras, is used by that."""
    transform = ImageCms.buildTransform(
        source, ImageCms.createProfile("sRGB"), image.mode, "RGB", ImageCms.Intent.PERCEPTUAL
    )
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None, "only a transform in place gives nothing"
    return converted


def _is_meant_for(mode: str, profile: bytes) -> bool:
    return profile[12:16] in _CLASSES and profile[16:20] == _SPACES.get(mode)


def _is_srgb(profile: bytes) -> bool:
    """Whether it calls itself sRGB: nearly every profile does, and needs no conversion."""
    n_tags = int.from_bytes(profile[_HEADER_BYTES : _HEADER_BYTES + 4], "big")
    first = _HEADER_BYTES + 4
    for at in range(first, first + _TAG_BYTES * min(n_tags, _MOST_TAGS), _TAG_BYTES):
        if profile[at : at + 4] == b"desc":
            start, length = (int.from_bytes(profile[at + 4 * n : at + 4 * n + 4], "big") for n in (1, 2))
            description = profile[start : start + length]
            return any(name in description for name in _SRGB_NAMES)
    return False
