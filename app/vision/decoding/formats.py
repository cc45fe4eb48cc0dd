"""Which formats a photo may have, and what a file is that has none of them, by its first bytes."""

from __future__ import annotations

import re

# Pillow tries 43 formats unless told which; these are the ones whose parsers a stranger may reach. JPEG brings MPO, the
# two-picture JPEG of some phones. HEIC and AVIF are not among them: they are decoded elsewhere (`heif`).
PILLOW_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
FORMATS_IN_WORDS = "JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF"

# The first bytes of each of Pillow's: they tell "damaged" from "not an image we read".
_SIGNATURE = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP|GIF8|BM|II[*+]\x00|MM\x00[*+]", re.DOTALL)

# The brands of HEIF files that hold a still picture. Source: ISO/IEC 23008-12:2022, annexes B and E; AVIF 1.1.0.
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
_MOST_BRANDS = 32

_EXPORT = "Export it as JPEG and send that."
_STILL = "Send one picture of it: a still or a screenshot."
# What people send that is no photo we read. Sources: the formats' own specifications; the magic numbers of file(1).
_OTHERS = (
    (rb"....ftypcrx |II\*\x00.{4}CR|FUJIFILMCCD-RAW|IIR[OS]|MMOR|IIU\x00|FOVb", "a camera's raw file", _EXPORT),
    (rb"\x00\x00\x00\x0cJXL |\xff\x0a", "a JPEG XL image", _EXPORT),
    (rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51", "a JPEG 2000 image", _EXPORT),
    (rb"8BP[SB]", "a Photoshop document", _EXPORT),
    (rb"%PDF-", "a PDF document", _STILL),
    (rb"%!PS", "a PostScript document", _STILL),
    (rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml.{0,512}|<!--.{0,512}|<!DOCTYPE.{0,512})?<svg\b", "an SVG drawing", _EXPORT),
    (rb"....(?:ftyp|moov|mdat|wide)|\x1a\x45\xdf\xa3|RIFF....AVI |\x00\x00\x01\xba", "a video", _STILL),
    (rb"(?i:(?:\xef\xbb\xbf)?\s*(?:<!doctype html|<html))", "a web page", "Save the picture itself and send that."),
    (rb"PK\x03\x04|\x1f\x8b|Rar!|7z\xbc\xaf", "an archive", "Unpack it and send a photo from it."),
)
_OTHER = tuple((re.compile(pattern, re.DOTALL), what, advice) for pattern, what, advice in _OTHERS)


def begins_as_photo(data: bytes) -> bool:
    """Whether the first bytes are those of one of `PILLOW_FORMATS`."""
    return _SIGNATURE.match(data) is not None


def heif_kind(data: bytes) -> str | None:
    """`HEIC` or `AVIF` by the brands in the file's first box; None if it has none of theirs."""
    if data[4:8] != b"ftyp":
        return None
    length = min(int.from_bytes(data[:4], "big"), 16 + 4 * _MOST_BRANDS)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, length, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if brands & _HEIC_BRANDS else None


def why_unsupported(data: bytes) -> str:
    """What to tell someone whose file is no photo we read: what it is, if the first bytes say so, and what to do."""
    if not data:
        return f"The file is empty. Send {FORMATS_IN_WORDS}."
    for pattern, what, advice in _OTHER:
        if pattern.match(data[:1024]):
            return f"This is {what}, not an image we can read. {advice}"
    return f"This is not an image we can read. Send {FORMATS_IN_WORDS}."
