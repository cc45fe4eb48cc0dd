"""What a file is that is no photo we read, in words that help."""

from __future__ import annotations

import pytest

from app.vision.decoding.formats import FORMATS_IN_WORDS, heif_kind, why_unsupported

SENT = {
    b"II*\x00\x10\x00\x00\x00CR\x02\x00": "a camera's raw file",
    b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom": "a camera's raw file",
    b"FUJIFILMCCD-RAW 0201": "a camera's raw file",
    b"IIU\x00\x08\x00": "a camera's raw file",
    b"\xff\x0a\xfa\x1f": "a JPEG XL image",
    b"\x00\x00\x00\x0cJXL \r\n\x87\n": "a JPEG XL image",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n": "a JPEG 2000 image",
    b"8BPS\x00\x01": "a Photoshop document",
    b"%PDF-1.7": "a PDF document",
    b"%!PS-Adobe-3.0": "a PostScript document",
    b'<svg xmlns="http://www.w3.org/2000/svg">': "an SVG drawing",
    b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<svg width="9">': "an SVG drawing",
    b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2": "a video",
    b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ": "a video",
    b"\x1a\x45\xdf\xa3\x01\x00": "a video",
    b"RIFF\x24\x00\x00\x00AVI LIST": "a video",
    b"  <!DOCTYPE HTML>\n<html>": "a web page",
    b"<html><head>": "a web page",
    b"PK\x03\x04\x14\x00": "an archive",
    b"\x1f\x8b\x08": "an archive",
}


@pytest.mark.parametrize(("data", "what"), SENT.items())
def test_a_known_file_is_called_by_its_name(data: bytes, what: str) -> None:
    assert why_unsupported(data + bytes(100)).startswith(f"This is {what}, not an image we can read. ")


@pytest.mark.parametrize("data", [b"text", bytes(100), b"<?xml version='1.0'?><note/>", b"RIFF....WAVEfmt "])
def test_an_unknown_file_is_told_what_to_send(data: bytes) -> None:
    assert why_unsupported(data) == f"This is not an image we can read. Send {FORMATS_IN_WORDS}."


def test_an_empty_file_is_called_empty() -> None:
    assert why_unsupported(b"") == f"The file is empty. Send {FORMATS_IN_WORDS}."


def _file(major: bytes, *compatible: bytes, length: int | None = None) -> bytes:
    n_bytes = 16 + 4 * len(compatible) if length is None else length
    return n_bytes.to_bytes(4, "big") + b"ftyp" + major + bytes(4) + b"".join(compatible) + b"\x00\x00\x00\x08meta"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (_file(b"heic", b"mif1", b"heic"), "HEIC"),
        (_file(b"mif1", b"heic"), "HEIC"),
        (_file(b"msf1", b"hevc"), "HEIC"),
        (_file(b"heix"), "HEIC"),
        (_file(b"avif", b"mif1", b"miaf"), "AVIF"),
        (_file(b"avis", b"avif", b"msf1", b"iso8"), "AVIF"),
        (_file(b"mif1", b"miaf", b"avif"), "AVIF"),
        (_file(b"isom", b"iso2", b"mp41"), None),
        (_file(b"crx ", b"isom"), None),
        (_file(b"heic", length=0), "HEIC"),
        (_file(b"isom", length=0xFFFFFFFF), None),
        (_file(b"isom", length=16) + b"heic", None),
        (b"", None),
        (b"\x00\x00\x00\x18ftyp", None),
        (b"ftypheic", None),
    ],
)
def test_the_brands_tell_heic_from_avif_and_from_films(data: bytes, kind: str | None) -> None:
    assert heif_kind(data) == kind
