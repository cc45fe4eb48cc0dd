"""Colour profiles: photos come in sRGB, and a profile without sense harms nobody."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from app.vision.image_io import open_image
from app.vision.limits import ImageLimits
from tests.photos import draw_scene, encode
from tests.vision.decoding.profiles import (
    D50,
    GAMMA,
    cmyk_profile,
    grey_profile,
    lab_to_srgb,
    p3_to_srgb,
    profile,
    rgb_profile,
    xyz_to_srgb,
)

P3 = rgb_profile()
SCENE = draw_scene(size=(24, 16))
# The sixteen mixtures of a made-up press's inks, in CIE Lab: paper is white, all inks together black. (Were they
# lighter, the perceptual intent would darken everything until they are.)
INKS = {
    inks: (100.0 - 25 * sum(inks), -20.0 * inks[0] + 30 * inks[1], -25.0 * inks[0] + 35 * inks[2])
    for inks in itertools.product((0, 1), repeat=4)
}
INKS[1, 1, 1, 1] = (0.0, 0.0, 0.0)


def _by_pixel(image: Any, to_rgb: Callable[[Any], tuple[int, ...]]) -> np.ndarray:
    """The slow, obvious way: one pixel after the other."""
    stored = np.asarray(image)
    height, width = stored.shape[:2]
    return np.array([[to_rgb(stored[y, x]) for x in range(width)] for y in range(height)])


def _gap(file: bytes, expected: np.ndarray) -> int:
    return int(np.abs(np.asarray(open_image(file)).astype(int) - expected).max())


def _same(file: bytes, image: Image.Image = SCENE) -> bool:
    return np.array_equal(np.asarray(open_image(file)), np.asarray(image))


@pytest.mark.parametrize(("image_format", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})])
def test_wide_colours_become_srgb(image_format: str, options: dict[str, Any]) -> None:
    expected = _by_pixel(SCENE, p3_to_srgb)
    assert np.abs(expected - np.asarray(SCENE).astype(int)).max() > 10
    assert _gap(encode(SCENE, image_format, icc_profile=P3, **options), expected) <= 1


def test_wide_colours_of_a_jpeg_become_srgb() -> None:
    colour = (40, 180, 90)
    file = encode(Image.new("RGB", (64, 64), colour), "JPEG", quality=100, subsampling=0, icc_profile=P3)
    assert _gap(file, np.full((64, 64, 3), p3_to_srgb(colour))) <= 2


def test_wide_colours_of_a_palette_become_srgb() -> None:
    image = SCENE.quantize(16)
    assert _gap(encode(image, "PNG", icc_profile=P3), _by_pixel(image.convert("RGB"), p3_to_srgb)) <= 1


def test_wide_colours_are_converted_over_white() -> None:
    image = SCENE.convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    assert open_image(encode(image, "PNG", icc_profile=P3)).getextrema() == ((255, 255),) * 3


def test_grey_has_a_profile_of_its_own() -> None:
    image = SCENE.convert("L")
    expected = _by_pixel(image, lambda value: xyz_to_srgb([white * (value / 255) ** 1.8 for white in D50]))
    assert np.abs(expected[..., 0] - np.asarray(image).astype(int)).max() > 5
    assert _gap(encode(image, "PNG", icc_profile=grey_profile(1.8)), expected) <= 1


@pytest.mark.parametrize("image_format", ["TIFF", "JPEG"])
def test_inks_are_what_their_profile_says(image_format: str) -> None:
    for inks, lab in INKS.items():
        image = Image.new("CMYK", (16, 16), tuple(255 * ink for ink in inks))
        options = {"quality": 100} if image_format == "JPEG" else {}
        file = encode(image, image_format, icc_profile=cmyk_profile(INKS), **options)
        assert _gap(file, np.full((16, 16, 3), lab_to_srgb(*lab))) <= 3, inks


def test_a_tiff_in_lab_becomes_srgb() -> None:
    stored = np.random.default_rng(0).integers((20, 108, 108), (230, 148, 148), (6, 8, 3)).astype(np.uint8)
    image = Image.merge("LAB", [Image.fromarray(stored[..., channel]) for channel in range(3)])
    expected = _by_pixel(stored, lambda px: lab_to_srgb(px[0] / 2.55, int(px[1]) - 128, int(px[2]) - 128))
    assert _gap(encode(image, "TIFF"), expected) <= 2


@pytest.mark.parametrize("description", ["sRGB IEC61966-2.1", "sRGB built-in", "GIMP built-in sRGB"])
def test_what_calls_itself_srgb_is_left_alone(description: str) -> None:
    assert _same(encode(SCENE, "PNG", icc_profile=rgb_profile(description=description)))


def test_littlecms_own_srgb_is_left_alone() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()  # Version 4: its name is in UTF-16.
    assert _same(encode(SCENE, "PNG", icc_profile=srgb))


_RED = P3.index(b"rXYZ")  # Its entry in the table of tags: name, place, length.
HOSTILE = {
    "none": b"",
    "text": b"not a profile",
    "head alone": P3[:128],
    "cut off": P3[: len(P3) // 2],
    "zeros after the head": P3[:128] + bytes(len(P3) - 128),
    "noise after the head": P3[:128] + np.random.default_rng(0).bytes(3000),
    "4 billion tags": P3[:128] + b"\xff\xff\xff\xff" + P3[132:],
    "a primary beyond the end": P3[: _RED + 4] + b"\xff\xff\xff\xf0" + P3[_RED + 8 :],
    "a primary as long as memory": P3[: _RED + 8] + b"\xff\xff\xff\xff" + P3[_RED + 12 :],
    "of inks": cmyk_profile(INKS),
    "of grey": grey_profile(GAMMA),
    "a link of devices": P3[:12] + b"link" + P3[16:],
    "an abstract one": P3[:12] + b"abst" + P3[16:],
    "no primaries": profile(b"RGB ", {}),
    "a curve of 4 billion points": P3.replace(b"curv\0\0\0\0\0\0\0\1", b"curv\0\0\0\0\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_profile_without_sense_is_ignored(kind: str) -> None:
    assert _same(encode(SCENE, "PNG", icc_profile=HOSTILE[kind]))


def test_changed_bytes_of_a_profile_harm_nobody() -> None:
    rng = np.random.default_rng(4)
    for good, image in ((P3, SCENE), (cmyk_profile(INKS), SCENE.convert("CMYK"))):
        for _ in range(60):
            bad = bytearray(good)
            for at in rng.integers(0, len(bad), 6):
                bad[at] = rng.integers(0, 256)
            assert open_image(encode(image, "TIFF", icc_profile=bytes(bad))).size == image.size


@pytest.mark.parametrize(("max_profile_bytes", "is_used"), [(len(P3) + 1, True), (len(P3), True), (len(P3) - 1, False)])
def test_max_profile_bytes_at_its_edge(max_profile_bytes: int, is_used: bool) -> None:
    file, limits = encode(SCENE, "PNG", icc_profile=P3), ImageLimits(max_profile_bytes=max_profile_bytes)
    assert np.array_equal(np.asarray(open_image(file, limits=limits)), np.asarray(SCENE)) != is_used


def test_a_photo_keeps_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x010E] = "at home"
    assert open_image(encode(SCENE, "JPEG", exif=exif, icc_profile=P3, comment=b"at home")).info == {}
    assert open_image(encode(SCENE, "PNG", exif=exif)).info == {}
