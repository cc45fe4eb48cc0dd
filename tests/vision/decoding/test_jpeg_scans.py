"""The scans of a JPEG are counted as libjpeg will meet them."""

from __future__ import annotations

import numpy as np
import pytest

from app.errors import TooCostlyImageError
from app.vision.decoding.jpeg_scans import count_scans
from app.vision.image_io import open_image
from app.vision.limits import ImageLimits
from tests.photos import draw_scene, encode

SCENE = draw_scene(size=(64, 48))
BASELINE = encode(SCENE)
PROGRESSIVE = encode(SCENE, progressive=True)
IN_GREY = encode(SCENE.convert("L"), progressive=True)
MANY = 100_000
N_SCANS = 10  # Source: libjpeg's jpeg_simple_progression, for three components.
SOI, EOI = b"\xff\xd8", b"\xff\xd9"


def repaint(file: bytes, times: int) -> bytes:
    """A progressive JPEG whose last scan comes that many times more."""
    last = file.rindex(b"\xff\xda")
    return file[:-2] + file[last:-2] * times + file[-2:]


def frame(marker: int, n_components: int) -> bytes:
    return bytes((0xFF, marker, 0, 8 + 3 * n_components, 8, 0, 8, 0, 8, n_components)) + bytes(3 * n_components)


def scan(n_components: int) -> bytes:
    return (
        bytes((0xFF, 0xDA, 0, 6 + 2 * n_components, n_components)) + bytes(2 * n_components + 3) + b"\x12\xff\x00\x34"
    )


@pytest.mark.parametrize(("file", "n_scans"), [(BASELINE, 1), (PROGRESSIVE, N_SCANS), (IN_GREY, 6)])
def test_scans_are_counted(file: bytes, n_scans: int) -> None:
    assert count_scans(file, 100, MANY) == n_scans


def test_repeated_scans_are_counted_and_no_further_than_needed() -> None:
    assert count_scans(repaint(PROGRESSIVE, 30), 100, MANY) == N_SCANS + 30
    assert count_scans(repaint(PROGRESSIVE, 3000), 100, MANY) == 101


def test_components_painted_one_after_the_other_are_scans() -> None:
    assert count_scans(SOI + frame(0xC0, 3) + scan(1) * 3 + EOI, 100, MANY) == 3
    assert count_scans(SOI + frame(0xC0, 3) + scan(3) * 3 + EOI, 100, MANY) == 1  # libjpeg is done after the first.


def test_scans_of_a_thumbnail_and_of_a_film_behind_the_photo_do_not_count() -> None:
    thumbnail = repaint(encode(draw_scene(size=(16, 16)), progressive=True), 50)
    in_exif = BASELINE[:2] + b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail + BASELINE[2:]
    assert count_scans(in_exif, 100, MANY) == 1
    film = np.random.default_rng(0).bytes(50_000) + scan(1) * 50
    assert count_scans(PROGRESSIVE + film, 100, MANY) == N_SCANS


@pytest.mark.parametrize(
    "between", [b"\xff" * 9, b"\x00" * 9, b"\xff\x00", b"\xff\xd3", b"\xff\x01", b"\xff\xfe\x00\x00"]
)
def test_what_libjpeg_skips_hides_no_scan(between: bytes) -> None:
    assert count_scans(SOI + frame(0xC2, 1) + (between + scan(1)) * 7 + EOI, 100, MANY) == 7


@pytest.mark.parametrize(
    "file", [b"", SOI, SOI + b"\xff", SOI + b"\xff\xda", PROGRESSIVE[:300], b"text", SOI + b"\xff\xc2"]
)
def test_what_is_cut_off_ends_the_count(file: bytes) -> None:
    assert count_scans(file, 100, MANY) <= 1


@pytest.mark.parametrize(("max_pieces", "n_scans"), [(31, 6), (30, 6), (29, 101)])
@pytest.mark.parametrize("between", [b"\xff\xfe\x00\x02", b"\xff\xff"])
def test_the_most_pieces_at_their_edge(between: bytes, max_pieces: int, n_scans: int) -> None:
    pieces = between * (30 - 8)  # Beside a frame, six scans and the end.
    file = SOI + frame(0xC2, 1) + scan(1) + pieces + scan(1) * 5 + EOI
    assert count_scans(file, 100, max_pieces) == n_scans


@pytest.mark.parametrize(("max_scans", "opens"), [(13, True), (12, True), (11, False)])
def test_max_scans_at_its_edge(max_scans: int, opens: bool) -> None:
    file, limits = repaint(PROGRESSIVE, 2), ImageLimits(max_scans=max_scans)
    if opens:
        assert open_image(file, limits=limits).size == SCENE.size
    else:
        with pytest.raises(TooCostlyImageError):
            open_image(file, limits=limits)
