"""How many values of a TIFF are unpacked to open it."""

from __future__ import annotations

import struct

import pytest

from app.vision.decoding.tiff_values import count_values
from tests.photos import draw_scene, encode

SHORT, LONG, BYTE, UNDEFINED = 3, 4, 1, 7
STRIP_OFFSETS, XMP, PRIVATE = 273, 700, 60_000
SCENE = draw_scene(size=(40, 30))


def tiff(*entries: tuple[int, int, int], order: str = "<") -> bytes:
    """A directory of (tag, kind, count), with room for what it says to have."""
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, len(entries))
    return head + b"".join(struct.pack(f"{order}HHII", *entry, 0) for entry in entries) + bytes(4000)


def big_tiff(*entries: tuple[int, int, int]) -> bytes:
    head = b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, len(entries))
    return head + b"".join(struct.pack("<HHQQ", *entry, 0) for entry in entries) + bytes(4000)


@pytest.mark.parametrize("order", ["<", ">"])
def test_values_are_counted_over_all_entries(order: str) -> None:
    assert count_values(tiff((256, SHORT, 1), (258, SHORT, 3), (STRIP_OFFSETS, LONG, 1000), order=order)) == 1004


def test_a_big_tiff_is_counted_too() -> None:
    assert count_values(big_tiff((256, SHORT, 1), (STRIP_OFFSETS, 16, 300))) == 301


@pytest.mark.parametrize("entry", [(XMP, BYTE, 900), (34675, UNDEFINED, 900), (PRIVATE, LONG, 900), (270, 2, 900)])
def test_what_stays_packed_does_not_count(entry: tuple[int, int, int]) -> None:
    assert count_values(tiff((256, SHORT, 1), entry)) == 1


def test_no_entry_counts_for_more_than_its_file() -> None:
    lying = tiff((256, LONG, 0xFFFF_FFFF))
    assert count_values(lying) == len(lying)


def test_a_photo_has_few() -> None:
    assert 8 <= count_values(encode(SCENE, "TIFF")) < 100
    assert 8 <= count_values(encode(SCENE, "TIFF", compression="tiff_lzw", big_tiff=True)) < 100


@pytest.mark.parametrize("file", [b"", b"I", b"II", b"II*\0", tiff()[:9], b"II*\0\xff\xff\xff\xff", b"II+\0" + bytes(9),
                                  b"II+\0" + b"\xff" * 40, encode(SCENE), encode(SCENE, "PNG")])  # fmt: skip
def test_what_is_no_tiff_or_is_cut_off_has_none(file: bytes) -> None:
    assert count_values(file) == 0


def test_a_directory_that_is_cut_off_counts_as_far_as_it_goes() -> None:
    whole = tiff(*[(256, SHORT, 1)] * 10)
    assert count_values(whole[: 10 + 12 * 3 + 5]) == 3
