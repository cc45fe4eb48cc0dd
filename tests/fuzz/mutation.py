"""Mutations of files that know enough of their structure to get past checksums and lengths, to the decoders."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence

import numpy as np

# What parsers stumble over: ends of the ranges of signed and unsigned numbers, and their neighbours.
_NUMBERS = (0, 1, 2, 7, 8, 16, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_MOST_CHANGES = 3
_MOST_BYTES = 200_000
_HEAD_BYTES = 256

Mutate = Callable[[bytearray], None]


class Mutator:
    """Mutations of a corpus; the same seed gives the same files."""

    def __init__(self, corpus: Sequence[bytes], seed: int) -> None:
        self._corpus = corpus
        self._rng = np.random.default_rng(seed)
        changes = (self._flip, self._set_number, self._cut, self._repeat, self._splice, self._shorten, self._swap)
        self._changes: tuple[Mutate, ...] = changes

    def mutated(self, data: bytes) -> bytes:
        """The file with a few changes; usually, what tells that it was changed is put right again."""
        in_pixels = self._rng.random() < 0.2
        file = _with_png_pixels(data, self._changed) if in_pixels else self._changed(data)
        return repaired(file) if self._rng.random() < 0.8 else file

    def _changed(self, data: bytes) -> bytes:
        file = bytearray(data)
        for _ in range(self._number(1, _MOST_CHANGES)):
            self._changes[self._number(0, len(self._changes) - 1)](file)
        return bytes(file[:_MOST_BYTES])

    def _number(self, least: int, most: int) -> int:
        return int(self._rng.integers(least, most + 1))

    def _place(self, file: bytearray) -> int:
        """Somewhere; half of the times in the head, where the structure is."""
        reach = len(file) if self._rng.random() < 0.5 else min(len(file), _HEAD_BYTES)
        return self._number(0, max(reach - 1, 0))

    def _flip(self, file: bytearray) -> None:
        for _ in range(self._number(1, 3)):
            if file:
                file[self._place(file)] ^= 1 << self._number(0, 7)

    def _set_number(self, file: bytearray) -> None:
        at, n_bytes = self._place(file), (1, 2, 4, 8)[self._number(0, 3)]
        number = _NUMBERS[self._number(0, len(_NUMBERS) - 1)] & ((1 << 8 * n_bytes) - 1)
        if at + n_bytes <= len(file):
            file[at : at + n_bytes] = number.to_bytes(n_bytes, "big" if self._rng.random() < 0.5 else "little")

    def _cut(self, file: bytearray) -> None:
        at = self._place(file)
        del file[at : at + self._number(1, 64)]

    def _repeat(self, file: bytearray) -> None:
        at = self._place(file)
        file[at:at] = file[at : at + self._number(1, 64)] * self._number(1, 20)

    def _splice(self, file: bytearray) -> None:
        other = self._corpus[self._number(0, len(self._corpus) - 1)]
        start, at = self._number(0, len(other)), self._place(file)
        file[at:at] = other[start : start + self._number(1, 256)]

    def _shorten(self, file: bytearray) -> None:
        if self._rng.random() < 0.2:
            del file[self._number(0, len(file)) :]

    def _swap(self, file: bytearray) -> None:
        a, b, n_bytes = self._place(file), self._place(file), self._number(1, 16)
        file[a : a + n_bytes], file[b : b + n_bytes] = file[b : b + n_bytes], file[a : a + n_bytes]


def repaired(data: bytes) -> bytes:
    """A PNG with the checksums of its chunks, a RIFF file with its length; others as they are."""
    if data[:4] == b"RIFF":
        return data[:4] + struct.pack("<I", max(len(data) - 8, 0)) + data[8:]
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return data
    file, at = bytearray(data), 8
    while at + 12 <= len(file):
        end = at + 8 + int.from_bytes(file[at : at + 4], "big")
        if end + 4 > len(file):
            break
        file[end : end + 4] = struct.pack(">I", zlib.crc32(file[at + 4 : end]))
        at = end + 4
    return bytes(file)


def _with_png_pixels(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A PNG whose packed rows are unpacked, changed and packed again; any other file is changed as it is."""
    at = data.find(b"IDAT") - 4
    if data[:4] != b"\x89PNG" or at < 0:
        return change(data)
    end = at + 8 + int.from_bytes(data[at : at + 4], "big")
    try:
        rows = zlib.compress(change(zlib.decompress(data[at + 8 : end])))
    except zlib.error:
        return change(data)
    return data[:at] + struct.pack(">I", len(rows)) + b"IDAT" + rows + bytes(4) + data[end + 4 :]
