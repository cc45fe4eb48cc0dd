"""One small file of every kind that opens, drawn in code: what mutations start from."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from tests.photos import draw_quadrants, draw_scene, encode, encode_heic
from tests.vision.decoding import hostile
from tests.vision.decoding.profiles import grey_profile, rgb_profile

_SIZE = (40, 30)
_SCENE, _OTHER = draw_scene(1, _SIZE), draw_scene(2, _SIZE)


def draw_corpus() -> dict[str, bytes]:
    """The files by names that begin with their format."""
    return _jpegs() | _pngs() | _gifs() | _bmps() | _tiffs() | _webps() | _heifs() | _lies()


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x011A] = 6, "a camera", 72.0
    return exif


def _animated(image_format: str, **options: Any) -> bytes:
    """Three frames; copies, because Pillow leaves its settings for a format in the images it has saved."""
    frames = [_SCENE.copy(), _OTHER.copy(), _SCENE.copy()]
    return encode(frames[0], image_format, save_all=True, append_images=frames[1:], **options)


def _clear() -> Image.Image:
    image = _SCENE.convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(_SIZE))
    return image


def _deep() -> Image.Image:
    return Image.fromarray(np.asarray(_SCENE.convert("L")).astype(np.uint16) * 257)


def _jpegs() -> dict[str, bytes]:
    return {
        "jpeg": encode(_SCENE, exif=_exif(), icc_profile=rgb_profile(), comment=b"a comment"),
        "jpeg-progressive": encode(_SCENE, progressive=True),
        "jpeg-restarts": encode(_SCENE, restart_marker_blocks=2, subsampling=0),
        "jpeg-grey": encode(_SCENE.convert("L"), icc_profile=grey_profile(1.8)),
        "jpeg-cmyk": encode(_SCENE.convert("CMYK"), progressive=True),
        "jpeg-mpo": _animated("MPO"),
    }


def _pngs() -> dict[str, bytes]:
    modes = {f"png-{mode.lower()}": encode(_SCENE.convert(mode), "PNG") for mode in ("1", "L", "LA", "P")}
    return modes | {
        "png": encode(_SCENE, "PNG", exif=_exif(), icc_profile=rgb_profile()),
        "png-rgba": encode(_clear(), "PNG"),
        "png-16": encode(_deep(), "PNG", transparency=4660),
        "png-clear-colours": encode(_SCENE.quantize(16), "PNG", transparency=bytes(range(0, 160, 10))),
        "png-four-bit": encode(_SCENE.quantize(9), "PNG", bits=4),
        "png-animated": _animated("PNG"),
        "png-text": hostile.png_with(hostile.png_chunk(b"tEXt", b"Raw profile type exif\0\nexif\n  8\n" + b"00" * 8)),
    }


def _gifs() -> dict[str, bytes]:
    return {
        "gif": encode(_SCENE, "GIF", comment=b"a comment", transparency=3),
        "gif-interlaced": encode(_SCENE, "GIF", interlace=1),
        "gif-animated": _animated("GIF"),
    }


def _bmps() -> dict[str, bytes]:
    return {f"bmp-{mode.lower()}": encode(_SCENE.convert(mode), "BMP") for mode in ("1", "L", "P", "RGB", "RGBA")}


def _tiffs() -> dict[str, bytes]:
    ways = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "lzma", "zstd")
    packed = {f"tiff-{way}": encode(_SCENE, "TIFF", compression=way) for way in ways}
    strips = TiffImagePlugin.ImageFileDirectory_v2()
    strips[TiffImagePlugin.ROWSPERSTRIP] = 4
    return packed | {
        "tiff-exif": encode(_SCENE, "TIFF", exif=_exif(), icc_profile=rgb_profile()),
        "tiff-fax": encode(_SCENE.convert("1"), "TIFF", compression="group4"),
        "tiff-16": encode(_deep(), "TIFF"),
        "tiff-float": encode(Image.fromarray(np.asarray(_SCENE.convert("L")) / np.float32(255)), "TIFF"),
        "tiff-clear": encode(_clear(), "TIFF", compression="tiff_lzw", tiffinfo=strips),
        "tiff-cmyk": encode(_SCENE.convert("CMYK"), "TIFF"),
        "tiff-lab": encode(Image.merge("LAB", _SCENE.split()), "TIFF"),
        "tiff-pages": _animated("TIFF", big_tiff=True),
    }


def _webps() -> dict[str, bytes]:
    return {
        "webp": encode(_SCENE, "WEBP", exif=_exif(), icc_profile=rgb_profile()),
        "webp-lossless": encode(_clear(), "WEBP", lossless=True),
        "webp-clear": encode(_clear(), "WEBP"),
        "webp-animated": _animated("WEBP"),
    }


def _heifs() -> dict[str, bytes]:
    large = draw_quadrants((300, 200))
    return {
        "heic": encode_heic(_SCENE),
        "heic-clear": encode_heic(_clear()),
        "heic-tiles": encode_heic(large, tile_size=128),
        "avif": encode(_SCENE, "AVIF", exif=_exif(), icc_profile=rgb_profile()),
        "avif-clear": encode(_clear(), "AVIF"),
        "avif-animated": _animated("AVIF"),
    }


def _lies() -> dict[str, bytes]:
    return {f"hostile: {name}": data for name, data in hostile.draw_all().items() if len(data) < 20_000}
