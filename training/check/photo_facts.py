"""What is read of every file, once: its size, digest and format, and the hash that tells which photos look the same."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from PIL import Image
from tqdm import tqdm

from app.errors import DamagedImageError, PhotoError, TooCostlyImageError, TooManyPixelsError
from app.vision.decoding.formats import PILLOW_FORMATS, heif_kind
from app.vision.decoding.heif import stated_size
from app.vision.image_io import open_image
from app.vision.limits import ImageLimits
from training.check.duplicates import HASH_DECODE_PX, perceptual_hash
from training.check.processes import results_in_order

Problem = Literal["unreadable", "empty", "not_a_photo", "too_large"]


@dataclass(frozen=True)
class FileLimits:
    """What one file may cost: its bytes are read at once, its pixels decoded, and all of it takes a while."""

    max_file_bytes: int = 256_000_000
    max_read_s: float = 60.0
    image: ImageLimits = field(default_factory=ImageLimits)


@dataclass(frozen=True)
class PhotoFacts:
    """One file: `problem` says what kind of trouble it is, `reason` in words; both are None for a usable photo.

    `width` and `height` are those of the stored image in pixels, before EXIF turns it upright; `format` is that of its
    content, as Pillow calls it. Each is None as far as it could not be read; a usable photo has all of them.
    """

    path: Path
    n_bytes: int
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None
    perceptual_hash: int | None = None
    problem: Problem | None = None
    reason: str | None = None


def available_cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read_photo_facts(
    paths: Sequence[Path], *, n_workers: int | None = None, limits: FileLimits | None = None, what: str = "read"
) -> list[PhotoFacts]:
    """The facts of each file, in the order of the paths, with a progress bar. No file stops it.

    Args:
        n_workers: processes (None: one for every core; 0: none beside this one, which then a decoder may bring down).
        limits: what one file may cost; a file beyond is a problem of that file.
        what: what the progress bar is called.
    """
    limits = limits or FileLimits()
    workers = available_cores() if n_workers is None else n_workers
    read = partial(facts_of, limits=limits)
    results = results_in_order(read, paths, n_workers=workers, max_item_s=limits.max_read_s)
    bar = tqdm(zip(paths, results, strict=True), total=len(paths), desc=what, unit="photo", disable=None)
    return [facts or _ended(path, limits) for path, facts in bar]


def facts_of(path: Path, limits: FileLimits) -> PhotoFacts:
    """The facts of one file; never raises."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # Opening a pipe would wait for whoever writes into it.
            return PhotoFacts(path, 0, problem="unreadable", reason="It is no ordinary file.")
        if status.st_size > limits.max_file_bytes:
            return _too_many_bytes(path, status.st_size, limits)
        data = path.read_bytes()
    except OSError as error:
        return PhotoFacts(path, 0, problem="unreadable", reason=f"It cannot be read: {error.strerror}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of broken metadata: they would tear the progress bar.
        return _facts_of_bytes(path, data, limits)


def _facts_of_bytes(path: Path, data: bytes, limits: FileLimits) -> PhotoFacts:
    digest = hashlib.sha256(data).hexdigest()
    if not data:
        return PhotoFacts(path, 0, digest, problem="empty", reason="It is empty: 0 bytes.")
    width, height, image_format = _header(data)
    stored = partial(PhotoFacts, path, len(data), digest, width, height, image_format)
    try:
        image = open_image(data, limits=limits.image, decode_px=HASH_DECODE_PX)
        return stored(perceptual_hash(image))
    except PhotoError as error:
        return stored(problem=_problem_of(error), reason=str(error))
    except MemoryError:
        return stored(problem="too_large", reason="There is not enough memory to open it.")


def _header(data: bytes) -> tuple[int | None, int | None, str | None]:
    """Width, height and format as the header has them; None if it cannot be read."""
    kind = heif_kind(data)
    if kind:
        width, height = stated_size(data)
        return width or None, height or None, kind
    try:
        with Image.open(io.BytesIO(data), formats=PILLOW_FORMATS) as image:
            return *image.size, image.format
    except Exception:  # `open_image` says what is wrong with it; header parsers raise whatever the bytes lead them to.
        return None, None, None


def _problem_of(error: PhotoError) -> Problem:
    if isinstance(error, (TooManyPixelsError, TooCostlyImageError)):
        return "too_large"
    return "unreadable" if isinstance(error, DamagedImageError) else "not_a_photo"


def _too_many_bytes(path: Path, n_bytes: int, limits: FileLimits) -> PhotoFacts:
    reason = f"It has {n_bytes / 1e6:.0f} MB: at most {limits.max_file_bytes / 1e6:g} MB are read."
    return PhotoFacts(path, n_bytes, problem="too_large", reason=reason)


def _ended(path: Path, limits: FileLimits) -> PhotoFacts:
    reason = f"Reading it crashed its process, or took over {limits.max_read_s:g} seconds."
    return PhotoFacts(path, 0, problem="unreadable", reason=reason)
