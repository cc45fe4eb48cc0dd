"""HEIC and AVIF: decoded in a child process that may die, with limits on its memory and time.

Their decoders are large, written in C and C++, and have been broken into by photos before. A fresh process for every
photo costs 45 ms beside 200 to 300 ms of decoding 12 megapixels, keeps nothing of one visitor's photo for the next, and
lets a server that gets no such photo never load them. The server only ever starts a new program: it is never forked to
run on, which its threads would not survive.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from math import ceil
from pathlib import Path
from signal import SIGALRM, SIGKILL, SIGXCPU
from subprocess import DEVNULL, PIPE
from typing import IO

from PIL import Image

from app.errors import BusyError
from app.vision.decoding.decoded import Decoded
from app.vision.decoding.heif_child import DECODED, HEADER, MAGIC, MODES, TOO_COSTLY, TOO_MANY_PIXELS
from app.vision.decoding.refusals import damaged, too_costly, too_many_pixels
from app.vision.limits import ImageLimits

_CHILD = Path(__file__).with_name("heif_child.py")
# Least memory in which every kind was decoded, beside the child's own: 5 bytes a pixel for 8-bit 4:2:0 HEIC, 8 for
# AVIF, 20 for 10-bit 4:4:4 HEIC with alpha. Measured by bisecting RLIMIT_DATA, pillow-heif 1.8.1, Pillow 13.0.0.
_OWN_BYTES = 48_000_000
_BYTES_PER_PX = 20
# The box that tells a picture's width and height. Source: ISO/IEC 23008-12:2022, 6.5.3.
_ISPE = re.compile(rb"ispe\x00{4}(.{4})(.{4})", re.DOTALL)
# A photo of a phone has five. Who hides a large picture behind so many gets less memory for it than it takes.
_MOST_ISPES = 1_000

# What ends a process that is over its limits, or over the machine's.
_OUT_OF_LIMITS = (-SIGKILL, -SIGXCPU, -SIGALRM)


@dataclass(frozen=True)
class HeifPhoto:
    """A photo of which only `kind`, `HEIC` or `AVIF`, is known. `cost_bytes` is the memory that its child may take."""

    data: bytes
    kind: str
    limits: ImageLimits
    decode_px: int | None
    cost_bytes: int

    def decode(self) -> Decoded:
        """Its pixels, reduced as `pixels.factor_for` says.

        Raises:
            TooManyPixelsError: by its header, before it is decoded.
            TooCostlyImageError: its memory or its time was up.
            DamagedImageError: it cannot be decoded, or crashed what decodes it.
            BusyError: no process could be started.
        """
        with _running(self._command(), self.limits.max_heif_s) as child:
            assert child.stdin is not None and child.stdout is not None, "both are pipes"
            _send(child.stdin, self.data)
            answer = _read_answer(child.stdout, self.limits)
            ended = child.wait() if answer is None else 0
        if answer is not None:
            return answer
        raise too_costly() if ended in _OUT_OF_LIMITS else damaged()

    def _command(self) -> list[str]:
        """See `heif_child`."""
        limits = self.limits
        sizes = (limits.max_image_px, limits.max_profile_bytes, self.decode_px or 0)
        numbers = (self.cost_bytes, ceil(limits.max_heif_s), *sizes)
        return [sys.executable, "-I", "-B", str(_CHILD), self.kind, *map(str, numbers)]


def open_heif(data: bytes, kind: str, limits: ImageLimits, decode_px: int | None) -> HeifPhoto:
    """The photo; it gets as much memory as it needs by what it says of its size, and no more."""
    width, height = stated_size(data)
    needs = _OWN_BYTES + _BYTES_PER_PX * width * height
    return HeifPhoto(data, kind, limits, decode_px, min(needs, limits.max_heif_bytes))


def stated_size(data: bytes) -> tuple[int, int]:
    """Width and height, in pixels, of the largest picture that a HEIC or AVIF file speaks of; 0, 0 if it does not."""
    found = islice(_ISPE.finditer(data), _MOST_ISPES)
    sizes = ((int.from_bytes(ispe[1], "big"), int.from_bytes(ispe[2], "big")) for ispe in found)
    return max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))


@contextmanager
def _running(command: list[str], max_s: float) -> Iterator[subprocess.Popen[bytes]]:
    """The program, killed after `max_s`: whoever waits for its pipes or its end waits no longer. Gone when left."""
    try:
        child = subprocess.Popen(
            command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, cwd="/", start_new_session=True
        )
    except OSError as exc:
        raise BusyError("The server has no room to decode this photo. Try again in a moment.") from exc
    ending = threading.Timer(max_s, child.kill)
    ending.daemon = True
    with child:
        try:
            ending.start()
            yield child
        finally:
            ending.cancel()
            child.kill()


def _send(pipe: IO[bytes], data: bytes) -> None:
    with suppress(BrokenPipeError), pipe:  # If it died already, what is read from it, or is not, tells.
        pipe.write(data)


def _read_answer(pipe: IO[bytes], limits: ImageLimits) -> Decoded | None:
    """What the child says, trusted in nothing; None if it died before it had said all."""
    head = pipe.read(HEADER.size)
    if len(head) < HEADER.size:
        return None
    magic, outcome, bands, orientation, width, height, n_profile = HEADER.unpack(head)
    if magic == MAGIC and outcome == TOO_MANY_PIXELS:
        raise too_many_pixels(limits, (width, height))
    if magic == MAGIC and outcome == TOO_COSTLY:
        raise too_costly()
    is_within = 0 < width * height <= limits.max_image_px and n_profile <= limits.max_profile_bytes
    if magic != MAGIC or outcome != DECODED or bands not in MODES or not is_within:
        raise damaged()
    profile, pixels = pipe.read(n_profile), pipe.read(width * height * bands)
    if len(pixels) < width * height * bands:
        return None
    return Decoded(Image.frombytes(MODES[bands], (width, height), pixels), orientation, profile)
