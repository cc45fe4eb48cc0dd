"""How often a JPEG paints itself: the scans of its picture.

A progressive JPEG is painted once a scan, usually 10 times. A scan that changes nothing has 95 bytes and takes 24 ms of
64 megapixels: 20 MB of them would keep a core busy for over an hour. libjpeg leaves it to its callers to stop that, and
Pillow does not.
"""

from __future__ import annotations

import re

# Source: ITU-T T.81 (JPEG), table B.1.
_SOS, _EOI = 0xDA, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xCA})
_NO_LENGTH = frozenset({0x01, 0xD8})
# What follows 0xFF in the midst of a scan is 0 (a stuffed byte), a restart, or the marker that ends the scan.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_FILL = b"\xff\xff"


def count_scans(data: bytes, most: int, max_pieces: int) -> int:
    """Scans of a JPEG's first picture; 1 for one that is painted in a single pass, however it goes on.

    Counting stops above `most`. So many markers and pairs of fill bytes count as more: 20 MB of either took 6 s to be
    looked through. What is no JPEG has 0.
    """
    n_scans, at, n_components, in_passes = 0, 2, 0, False
    n_left = max_pieces
    while n_scans <= most and n_left >= 0 and (found := _MARKER.search(data, at)):
        n_left -= 1
        marker, at = found[1][0], found.end()
        if marker == _EOI:
            break
        if marker in _NO_LENGTH:
            continue
        if marker in _FRAMES:
            n_components, in_passes = data[at + 7] if at + 7 < len(data) else 0, marker in _PROGRESSIVE
        if marker == _SOS:
            n_scans += 1
            if not in_passes and at + 2 < len(data) and data[at + 2] >= n_components:
                break
            if n_scans == 1:
                n_left -= data.count(_FILL, at)
        at += int.from_bytes(data[at : at + 2], "big")
    return n_scans if n_left >= 0 else most + 1
