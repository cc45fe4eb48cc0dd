"""ICC profiles written byte by byte, and what their numbers mean, worked out the slow way."""

from __future__ import annotations

import struct
from collections.abc import Sequence

# The primaries of Display P3, adapted to the profile's white (D50): one row for each of X, Y, Z.
# Source: the rXYZ, gXYZ and bXYZ tags of Apple's "Display P3" profile.
P3_TO_XYZ = ((0.515102, 0.291965, 0.157153), (0.241182, 0.692236, 0.066582), (-0.001049, 0.041881, 0.784378))
# Source: Bruce Lindbloom's "RGB/XYZ matrices", sRGB adapted to D50 by Bradford, XYZ to RGB.
XYZ_TO_SRGB = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)
D50 = (0.9642, 1.0, 0.8249)
GAMMA = 2.2


def profile(space: bytes, tags: dict[bytes, bytes], *, kind: bytes = b"mntr", connection: bytes = b"XYZ ") -> bytes:
    """A version 2 profile. Source: ICC.1:2001-04, clause 6."""
    tags = {b"desc": _description("drawn for a test"), b"wtpt": _xyz(D50), b"cprt": b"text\0\0\0\0none\0"} | tags
    table, body, at = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", at + len(body), len(content))
        body += padded
    head = bytes(4) + struct.pack(">I", 0x02400000) + kind + space + connection + bytes(12) + b"acsp" + bytes(28)
    head += b"".join(_fixed(value) for value in D50) + bytes(48)
    rest = head + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", 4 + len(rest)) + rest


def rgb_profile(to_xyz: Sequence[Sequence[float]] = P3_TO_XYZ, description: str = "drawn for a test") -> bytes:
    """Of three primaries (the columns of the matrix) and a gamma."""
    columns = {name: _xyz([row[i] for row in to_xyz]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    curves = {name: _gamma(GAMMA) for name in (b"rTRC", b"gTRC", b"bTRC")}
    return profile(b"RGB ", {b"desc": _description(description)} | columns | curves)


def grey_profile(gamma: float) -> bytes:
    return profile(b"GRAY", {b"kTRC": _gamma(gamma)})


def cmyk_profile(corners: dict[tuple[int, ...], tuple[float, float, float]]) -> bytes:
    """Of the CIE Lab colours of the sixteen combinations of no ink (0) and full ink (1); linear between them."""
    clut = b""
    for index in range(16):
        inks = (index >> 3 & 1, index >> 2 & 1, index >> 1 & 1, index & 1)  # The last channel varies fastest.
        lightness, a, b = corners[inks]
        clut += bytes((round(lightness * 2.55), round(a + 128), round(b + 128)))
    identity = struct.pack(">9I", *(0x10000 if i % 4 == 0 else 0 for i in range(9)))
    straight = bytes(range(256))
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + straight * 4 + clut + straight * 3
    return profile(b"CMYK", {b"A2B0": lut}, kind=b"prtr", connection=b"Lab ")


def p3_to_srgb(pixel: Sequence[int]) -> tuple[int, ...]:
    """One pixel of a photo with `rgb_profile()`, in sRGB."""
    linear = [(value / 255) ** GAMMA for value in pixel]
    return xyz_to_srgb([sum(factor * value for factor, value in zip(row, linear, strict=True)) for row in P3_TO_XYZ])


def xyz_to_srgb(xyz: Sequence[float]) -> tuple[int, ...]:
    """A colour relative to D50, in 8-bit sRGB."""
    rgb = [sum(factor * value for factor, value in zip(row, xyz, strict=True)) for row in XYZ_TO_SRGB]
    return tuple(round(255 * _encode(min(max(value, 0.0), 1.0))) for value in rgb)


def lab_to_srgb(lightness: float, a: float, b: float) -> tuple[int, ...]:
    """A CIE Lab colour under D50, in 8-bit sRGB. Source: CIE 15:2004, 8.2.1."""
    y = (lightness + 16) / 116
    ratios = [t**3 if t > 6 / 29 else (t - 16 / 116) * 3 * (6 / 29) ** 2 for t in (y + a / 500, y, y - b / 200)]
    return xyz_to_srgb([white * ratio for white, ratio in zip(D50, ratios, strict=True)])


def _encode(value: float) -> float:
    """Source: IEC 61966-2-1."""
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(value) for value in values)


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + bytes(2)


def _description(text: str) -> bytes:
    ascii_text = text.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(ascii_text)) + ascii_text + bytes(78)
