"""Files that were made to harm: each is small, and lies."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from tests.photos import draw_scene, encode, encode_heic

SCENE = draw_scene(size=(64, 48))
JPEG, PNG, GIF, TIFF, WEBP, BMP = (encode(SCENE, name) for name in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"))
AVIF, HEIC, TILES = encode(SCENE, "AVIF"), encode_heic(SCENE), encode_heic(draw_scene(size=(500, 300)), tile_size=256)
AFTER_IHDR = 33
_SIZE, _TILES_SIZE = struct.pack(">II", 64, 48), struct.pack(">HH", 500, 300)


def png_chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(chunk: bytes) -> bytes:
    """A photo with one more chunk before its pixels."""
    return PNG[:AFTER_IHDR] + chunk + PNG[AFTER_IHDR:]


def png_bomb(side: int) -> bytes:
    """A PNG of so many black pixels."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(1 + 3 * side)) for _ in range(side)) + packer.flush()
    return PNG[:8] + head + png_chunk(b"IDAT", rows) + png_chunk(b"IEND")


def jpeg_with(segment: bytes, marker: int = 0xE1) -> bytes:
    return JPEG[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(segment) + 2) + segment + JPEG[2:]


def jpeg_with_exif(tiff: bytes) -> bytes:
    return jpeg_with(b"Exif\0\0" + tiff)


def jpeg_of(width: int, height: int) -> bytes:
    return JPEG.replace(b"\x08" + struct.pack(">HH", 48, 64), b"\x08" + struct.pack(">HH", height, width))


def gif_of(screen: int, frame_at: int, frame: int) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", screen, screen, 0, 0, 0)
    return head + b"," + struct.pack("<HHHHB", frame_at, frame_at, frame, frame, 0) + b"\x02\x02\x44\x01\0;"


def bmp_of(width: int, height: int) -> bytes:
    return BMP[:18] + struct.pack("<ii", width, height) + BMP[26:]


def webp_of(canvas: int) -> bytes:
    head = b"VP8X" + struct.pack("<I", 10) + bytes(4) + struct.pack("<I", canvas - 1)[:3] * 2
    return b"RIFF" + struct.pack("<I", len(WEBP) + 14) + b"WEBP" + head + WEBP[12:]


def tiff_of(width: int, height: int, *, compression: int = 1, n_bytes: int = 100, tile: int = 0) -> bytes:
    """A grey TIFF of one strip or tile, whose content is zeros that run out."""
    tags = {256: width, 257: height, 258: 8, 259: compression, 262: 1, 277: 1}
    tags |= {322: tile, 323: tile, 324: 200, 325: n_bytes} if tile else {273: 200, 278: height, 279: n_bytes}
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + rows + bytes(304)


def tiff_that_goes_round() -> bytes:
    """Its first page is followed by itself."""
    [first] = struct.unpack("<I", TIFF[4:8])
    [n_tags] = struct.unpack("<H", TIFF[first : first + 2])
    after = first + 2 + 12 * n_tags
    return TIFF[:after] + struct.pack("<I", first) + TIFF[after + 4 :]


def exif_entry(tag: int, kind: int, count: int, value: int) -> bytes:
    """A directory of one entry, which is followed by itself."""
    return b"II*\0" + struct.pack("<IHHHIII", 8, 1, tag, kind, count, value, 8)


def a_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("photo.jpg", JPEG)
    return file.getvalue()


def _with_icc(profile: bytes) -> bytes:
    return encode(SCENE, "JPEG", icc_profile=profile)


SCRIPT = b"/*" + b"x" * 200 + b"*/=1;alert(document.cookie)//"

TOO_MANY_PIXELS = {
    "a png of 13300 x 13300 black pixels": png_bomb(13300),
    "a jpeg of 65535 x 65535": jpeg_of(65535, 65535),
    "a gif's screen": gif_of(65535, 0, 1),
    "a gif's frame beyond its screen": gif_of(8, 60000, 60000),
    "a tiff of 60000 x 60000": tiff_of(60000, 60000),
    "a webp's canvas": webp_of(1 << 24),
    "a webp's picture": WEBP[:26] + struct.pack("<HH", 16383, 16383) + WEBP[30:],
    "a bmp of 50000 x 50000": bmp_of(50000, 50000),
    "a bmp of negative width": bmp_of(-64, 48),
    "a bmp of the least height": bmp_of(64, -(2**31)),
    "a heic of tiles": TILES.replace(struct.pack(">II", 500, 300), struct.pack(">II", 60000, 60000)),
}
DAMAGED = {
    "an avif of 60000 x 60000": AVIF.replace(_SIZE, struct.pack(">II", 60000, 60000)),
    "a png without pixels": PNG[:AFTER_IHDR] + png_chunk(b"IEND"),
    "a zip in a png's clothes": PNG[:8] + a_zip(),
    "a zip in a jpeg's clothes": JPEG[:3] + a_zip(),
    "a script that begins as a gif": b"GIF89a" + SCRIPT,
    "a jpeg without height": jpeg_of(64, 0),
    "a tiff whose strip has 4 GB": tiff_of(8000, 8000, n_bytes=0xFFFFFFFF),
    "a tiff of 4 billion widths": b"II*\0" + struct.pack("<IHHHIII", 8, 1, 256, 4, 0xFFFFFFFF, 8, 0),
    "a tiff of endless tiles": tiff_of(8000, 8000, compression=8, tile=0x7FFFFFF0),
    "a tiff of tiles larger than itself": tiff_of(64, 64, compression=8, tile=60000),
    **{f"a tiff of zeros as {name}": tiff_of(8000, 8000, compression=number) for name, number in
       {"fax": 4, "lzw": 5, "jpeg": 7, "deflate": 8, "packbits": 32773, "lzma": 34925, "zstd": 50000}.items()},
    "a webp whose canvas its picture does not fill": webp_of(8000),
    "a text that swells to 60 MB": png_with(png_chunk(b"iTXt", b"k\0\1\0\0\0" + zlib.compress(bytes(60_000_000)))),
    "a profile that swells to 60 MB": png_with(png_chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(60_000_000)))),
}  # fmt: skip
TOO_COSTLY = {
    "a heic whose tiles make 60000 x 60000": TILES.replace(_TILES_SIZE, struct.pack(">HH", 60000, 60000)),
    "a million empty segments": JPEG[:2] + b"\xff\xe5\x00\x02" * 1_000_000 + JPEG[2:],
    "19 MB of exif segments": JPEG[:2] + (b"\xff\xe1\xff\xffExif\0\0" + bytes(65_527)) * 290 + JPEG[2:],
    "half a million empty chunks": png_with(png_chunk(b"abCd") * 500_000),
}
UNSUPPORTED = {
    "a zip": a_zip(),
    "a script": SCRIPT,
    "a web page": b"<html><script>alert(1)</script></html>",
    "a drawing with a script": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
}
# Photos after all: what they carry beside their pixels is left alone.
HARMLESS = {
    "a jpeg with a zip behind it": JPEG + a_zip(),
    "a gif with a script in its comment": encode(SCENE, "GIF", comment=SCRIPT),
    "a png with a web page in its text": png_with(png_chunk(b"tEXt", b"k\0<script>alert(1)</script>")),
    "a tiff that goes round": tiff_that_goes_round(),
    "exif that goes round": jpeg_with_exif(exif_entry(0x8769, 4, 1, 8)),
    "exif of 4 billion orientations": jpeg_with_exif(exif_entry(0x0112, 3, 0xFFFFFFFF, 26)),
    "exif of 65535 entries": jpeg_with_exif(b"II*\0" + struct.pack("<IH", 8, 65535) + bytes(60000)),
    "exif of a png that goes round": png_with(png_chunk(b"eXIf", exif_entry(0x8769, 4, 1, 8))),
    "mpo's index without sense": jpeg_with(b"MPF\0II*\0" + b"\xff" * 90, 0xE2),
    "a profile of 4 MB": _with_icc(bytes(4_000_000)),
    "xmp of 60 kB": jpeg_with(b"http://ns.adobe.com/xap/1.0/\0" + b"<tiff:Orientation>" * 3000),
    "a jpeg that stands on its head 9 times": jpeg_with_exif(exif_entry(0x0112, 3, 1, 9)),
    "a heic that says 60000 x 60000 of its one picture": HEIC.replace(_SIZE, struct.pack(">II", 60000, 60000)),
}


def draw_all() -> dict[str, bytes]:
    """All of them by their names."""
    return TOO_MANY_PIXELS | DAMAGED | TOO_COSTLY | UNSUPPORTED | HARMLESS
