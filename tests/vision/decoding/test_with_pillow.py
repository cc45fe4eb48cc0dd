"""Files that are small in pixels and large in work."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from app.errors import DamagedImageError, TooCostlyImageError
from app.vision.decoding.tiff_values import count_values
from app.vision.decoding.with_pillow import BoundedReads
from app.vision.image_io import open_header, open_image
from app.vision.limits import ImageLimits
from tests.photos import draw_scene, encode

SCENE = draw_scene(size=(40, 30))
JPEG, PNG, GIF = (encode(SCENE, image_format) for image_format in ("JPEG", "PNG", "GIF"))
PROGRESSIVE = encode(SCENE, progressive=True)
BETWEEN_SCANS = PROGRESSIVE.rindex(b"\xff\xda")
AFTER_IHDR, AFTER_PALETTE = 33, 13 + 3 * 256


def _chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff_of_strips(n: int) -> bytes:
    """A grey TIFF whose rows are strips of their own, all of the same bytes, and with more of them than rows."""
    lists, directory = 8 + SCENE.width, 8 + SCENE.width + 8 * n
    tags = {256: SCENE.width, 257: SCENE.height, 258: 8, 259: 1, 262: 1, 277: 1, 278: 1}
    rows = [(tag, 4, 1, value) for tag, value in tags.items()] + [(273, 4, n, lists), (279, 4, n, lists + 4 * n)]
    head = b"II*\0" + struct.pack("<I", directory) + bytes(SCENE.width)
    strips = struct.pack(f"<{2 * n}I", *[8] * n, *[SCENE.width] * n)
    entries = b"".join(struct.pack("<HHII", *row) for row in sorted(rows))
    return head + strips + struct.pack("<H", len(rows)) + entries + bytes(4)


# Each stuffs a file with so many pieces that mean nothing.
STUFFED: dict[str, Callable[[int], bytes]] = {
    "jpeg segments": lambda n: JPEG[:2] + b"\xff\xe5\x00\x02" * n + JPEG[2:],
    "jpeg fill bytes": lambda n: JPEG[:2] + b"\xff" * n + JPEG[2:],
    "jpeg segments between scans": lambda n: (
        PROGRESSIVE[:BETWEEN_SCANS] + b"\xff\xfe\0\2" * n + PROGRESSIVE[BETWEEN_SCANS:]
    ),
    "jpeg fill bytes between scans": lambda n: (
        PROGRESSIVE[:BETWEEN_SCANS] + b"\xff\xff" * n + PROGRESSIVE[BETWEEN_SCANS:]
    ),
    "tiff strips": tiff_of_strips,
    "png chunks": lambda n: PNG[:AFTER_IHDR] + _chunk(b"abCd") * n + PNG[AFTER_IHDR:],
    "png texts": lambda n: PNG[:AFTER_IHDR] + _chunk(b"tEXt", b"k\0v") * n + PNG[AFTER_IHDR:],
    "gif comments": lambda n: GIF[:AFTER_PALETTE] + b"\x21\xfe\x01x\x00" * n + GIF[AFTER_PALETTE:],
}


@pytest.mark.parametrize("kind", STUFFED)
def test_a_file_of_too_many_pieces_is_too_costly(kind: str) -> None:
    limits = ImageLimits(max_reads=3000)
    assert open_image(STUFFED[kind](20), limits=limits).size == SCENE.size
    with pytest.raises(TooCostlyImageError):
        open_image(STUFFED[kind](5000), limits=limits)


@pytest.mark.parametrize(("max_reads", "is_enough"), [(4, True), (3, True), (2, False)])
def test_max_reads_at_its_edge(max_reads: int, is_enough: bool) -> None:
    file = BoundedReads(b"abcdef", max_reads)
    assert file.read(2) + file.read(1) == b"abc"
    if is_enough:
        assert file.read() == b"def"
    else:
        with pytest.raises(TooCostlyImageError):
            file.read()


@pytest.mark.parametrize(("n_segments", "is_taken"), [(2, True), (64, True), (65, False)])
def test_a_jpeg_has_only_so_many_segments_of_exif(n_segments: int, is_taken: bool) -> None:
    orientation = Image.Exif()
    orientation[0x0112] = 1
    exif = orientation.tobytes()
    file = JPEG[:2] + (b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif) * n_segments + JPEG[2:]
    if is_taken:
        assert open_image(file).size == SCENE.size
    else:
        with pytest.raises(TooCostlyImageError):
            open_image(file)


@pytest.mark.parametrize(("more", "is_opened"), [(1, True), (0, True), (-1, False)])
def test_max_reads_at_its_edge_for_a_tiffs_strips(more: int, is_opened: bool) -> None:
    file = tiff_of_strips(1000)
    limits = ImageLimits(max_reads=count_values(file) + more)
    if is_opened:
        assert open_header(file, limits=limits).decode().size == SCENE.size
    else:
        with pytest.raises(TooCostlyImageError):
            open_header(file, limits=limits)


def _png_with_exif(n_bytes: int, kind: int, n_values: int) -> bytes:
    """A PNG of so much EXIF, with the six letters that Pillow puts before it; its orientation is 6, or many values."""
    value = 6 if n_values == 1 else 26
    exif = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x0112, kind, n_values, value, 0)
    return PNG[:AFTER_IHDR] + _chunk(b"eXIf", exif.ljust(n_bytes - 6, b"\1")) + PNG[AFTER_IHDR:]


@pytest.mark.parametrize(("n_bytes", "is_heeded"), [(262_143, True), (262_144, True), (262_145, False)])
def test_the_most_exif_that_is_heeded(n_bytes: int, is_heeded: bool) -> None:
    assert (open_image(_png_with_exif(n_bytes, 3, 1)).size == SCENE.size[::-1]) is is_heeded


def test_exif_of_many_fractions_takes_little_memory() -> None:
    photo = _png_with_exif(2_000_000, 5, 200_000)
    tracemalloc.start()
    try:
        assert open_image(photo).size == SCENE.size
        assert tracemalloc.get_traced_memory()[1] < 3 * len(photo)
    finally:
        tracemalloc.stop()


def test_a_png_whose_texts_swell_beyond_memory_is_damaged() -> None:
    swelling = zlib.compress(bytes(60_000_000))
    for kind, head in ((b"zTXt", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0"), (b"iCCP", b"k\0\0")):
        stuffed = PNG[:AFTER_IHDR] + _chunk(kind, head + swelling) * 3 + PNG[AFTER_IHDR:]
        try:
            assert open_image(stuffed).size == SCENE.size
        except DamagedImageError:
            continue


def test_what_is_too_costly_is_told_what_to_do() -> None:
    with pytest.raises(TooCostlyImageError, match="Send a smaller copy, or save it as JPEG"):
        open_image(STUFFED["png chunks"](5000), limits=ImageLimits(max_reads=3000))


def test_a_photo_as_cameras_write_it_is_far_below_the_limits() -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    photo = encode(draw_scene(size=(2000, 1500)), exif=exif, icc_profile=bytes(500_000), comment=b"x" * 60_000)
    assert open_image(photo, limits=ImageLimits(max_reads=500), decode_px=448).size == (1000, 750)
