"""What is wrong with a file by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from training.check.duplicates import FLAT_HASHES
from training.check.findings import CheckedPhoto, Finding
from training.check.listing import is_named_as_photo

# The suffixes a format's files have. MPO is the JPEG of several pictures that some phones write.
_SUFFIXES = {
    "JPEG": {".jpg", ".jpeg"},
    "MPO": {".jpg", ".jpeg"},
    "PNG": {".png"},
    "WEBP": {".webp"},
    "GIF": {".gif"},
    "BMP": {".bmp"},
    "TIFF": {".tif", ".tiff"},
    "HEIC": {".heic", ".heif", ".hif"},
    "AVIF": {".avif"},
}


def check_files(photos: Iterable[CheckedPhoto], min_side_px: int) -> Iterator[Finding]:
    """What each file is not as it should be, in the order of the photos."""
    for photo in photos:
        yield from _check_file(photo, min_side_px)


def _check_file(photo: CheckedPhoto, min_side_px: int) -> Iterator[Finding]:
    facts, itself = photo.facts, (photo.path,)
    if facts.problem is not None:
        reason = (facts.reason or "").partition(". ")[0].rstrip(".")  # What to do is the kind's to say.
        yield Finding(facts.problem, f"{reason}.", itself, itself)
        return
    yield from _check_name(photo)
    if facts.width is not None and facts.height is not None and min(facts.width, facts.height) < min_side_px:
        reason = f"{facts.width} x {facts.height} px: the shorter side is below {min_side_px}."
        yield Finding("tiny", reason, itself, itself)
    if facts.perceptual_hash in FLAT_HASHES:
        yield Finding("blank", "It is of one flat colour, or a plain gradient.", itself, itself)


def _check_name(photo: CheckedPhoto) -> Iterator[Finding]:
    suffix, image_format = photo.path.suffix.lower(), photo.facts.format or ""
    if suffix in _SUFFIXES.get(image_format, {suffix}):
        return
    named = f"{suffix!r}" if suffix else "nothing"
    unseen = "" if is_named_as_photo(photo.path) else " The trainer does not see it."
    yield Finding("wrong_extension", f"It is {image_format}, and its name ends in {named}.{unseen}", (photo.path,))
