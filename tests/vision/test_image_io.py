"""Every kind of file that opens, and what the others are told."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageColor

from app.errors import DamagedImageError, PhotoError, TooManyPixelsError, UnsupportedImageError
from app.vision.image_io import open_image
from app.vision.limits import MAX_PIXELS_CEILING, ImageLimits
from app.vision.preprocess import PreprocessSpec, fit_image
from tests.photos import QUADRANTS, draw_quadrants, draw_scene, encode

Pixels = NDArray[np.uint8]
Case = tuple[bytes, Pixels, int]  # a file, the RGB pixels it stands for, the greatest difference a decoder may make

WIDTH, HEIGHT = 8, 6
RNG_SEED = 20
SMALL = ImageLimits(max_image_px=100_000)
SPEC = PreprocessSpec(size_px=32, decode_px=64)

# Pillow warns of some broken metadata. In production that is a line in the log, not an error, and so it is here.
as_in_production = pytest.mark.filterwarnings("ignore::UserWarning")


def _noise(channels: int, dtype: type = np.uint8, top: int = 256) -> Any:
    shape = (HEIGHT, WIDTH, channels) if channels > 1 else (HEIGHT, WIDTH)
    return np.random.default_rng(RNG_SEED).integers(0, top, shape).astype(dtype)


def _by_pixel(stored: Any, to_rgb: Callable[[Any], tuple[int, int, int]]) -> Pixels:
    """The slow, obvious way: one pixel after the other."""
    rows = [[to_rgb(stored[y, x]) for x in range(WIDTH)] for y in range(HEIGHT)]
    return np.array(rows, dtype=np.uint8)


def _over_white(colour: tuple[float, ...], alpha: float) -> tuple[int, int, int]:
    red, green, blue = (round((value * alpha + 255 * (255 - alpha)) / 255) for value in colour)
    return red, green, blue


def _grey(value: Any) -> tuple[int, int, int]:
    return int(value), int(value), int(value)


def _craft_png(
    width: int, height: int, *, bits: int = 8, colour_type: int = 2, rows: bytes | None = None, trns: bytes = b""
) -> bytes:
    """A PNG chunk by chunk; without `rows` it has a header and no pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0))
    transparency = chunk(b"tRNS", trns) if trns else b""
    pixels = b"" if rows is None else chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + head + transparency + pixels + chunk(b"IEND", b"")


def grey_png() -> Case:
    stored = _noise(1)
    return encode(Image.fromarray(stored), "PNG"), _by_pixel(stored, _grey), 0


def one_bit_png() -> Case:
    stored = _noise(1, top=2).astype(bool)
    return encode(Image.fromarray(stored), "PNG"), _by_pixel(stored, lambda bit: _grey(255 if bit else 0)), 0


def grey_alpha_png() -> Case:
    stored = _noise(2)
    expected = _by_pixel(stored, lambda px: _over_white((int(px[0]),) * 3, int(px[1])))
    return encode(Image.fromarray(stored, mode=None), "PNG"), expected, 1


def _rgba(image_format: str, **options: Any) -> Case:
    stored = _noise(4)
    expected = _by_pixel(stored, lambda px: _over_white(tuple(int(v) for v in px[:3]), int(px[3])))
    return encode(Image.fromarray(stored), image_format, **options), expected, 1


def rgba_png() -> Case:
    return _rgba("PNG")


def rgba_webp() -> Case:
    return _rgba("WEBP", lossless=True, exact=True)


def rgba_tiff() -> Case:
    return _rgba("TIFF")


_PALETTE = [(200, 10, 20), (0, 250, 30), (5, 6, 7), (90, 80, 255)]


def _palette_image() -> tuple[Image.Image, Any]:
    stored = _noise(1, top=len(_PALETTE))
    image = Image.fromarray(stored)
    image.putpalette([value for colour in _PALETTE for value in colour])
    return image, stored


def palette_png() -> Case:
    image, stored = _palette_image()
    return encode(image, "PNG"), _by_pixel(stored, lambda index: _PALETTE[index]), 0


def palette_gif() -> Case:
    image, stored = _palette_image()
    return encode(image, "GIF"), _by_pixel(stored, lambda index: _PALETTE[index]), 0


def palette_png_with_alphas() -> Case:
    image, stored = _palette_image()
    alphas = [0, 255, 100, 200]
    expected = _by_pixel(stored, lambda index: _over_white(_PALETTE[index], alphas[index]))
    return encode(image, "PNG", transparency=bytes(alphas)), expected, 1


def palette_gif_with_a_clear_colour() -> Case:
    image, stored = _palette_image()
    expected = _by_pixel(stored, lambda index: (255, 255, 255) if index == 2 else _PALETTE[index])
    return encode(image, "GIF", transparency=2), expected, 0


def rgb_png() -> Case:
    stored = _noise(3)
    return encode(Image.fromarray(stored), "PNG"), stored, 0


def rgb_bmp() -> Case:
    stored = _noise(3)
    return encode(Image.fromarray(stored), "BMP"), stored, 0


def rgb_png_with_a_clear_colour() -> Case:
    stored = _noise(3, top=2) * 100
    expected = _by_pixel(stored, lambda px: (255, 255, 255) if tuple(px) == (100, 0, 0) else tuple(px))
    return encode(Image.fromarray(stored.astype(np.uint8)), "PNG", transparency=(100, 0, 0)), expected, 0


def grey_png_with_a_clear_value() -> Case:
    stored = _noise(1, top=3) * 70
    expected = _by_pixel(stored, lambda value: _grey(255 if value == 70 else value))
    return encode(Image.fromarray(stored.astype(np.uint8)), "PNG", transparency=70), expected, 0


def _packed_grey_png(bits: int, clear: int) -> Case:
    """A grey PNG of 1, 2, 4 or 16 bits, one of whose values is clear."""
    top = (1 << bits) - 1
    stored = _noise(1, np.uint16, top=min(top + 1, 5)) * (top // min(top, 4))
    depth = 8 // bits if bits < 8 else 1
    rows = b""
    for row in stored:
        packed = row.reshape(-1, depth) @ (1 << bits * np.arange(depth)[::-1]) if bits < 8 else row
        rows += b"\x00" + packed.astype(">u2" if bits == 16 else np.uint8).tobytes()
    file = _craft_png(WIDTH, HEIGHT, bits=bits, colour_type=0, rows=rows, trns=struct.pack(">H", clear))
    assert clear in stored
    return file, _by_pixel(stored, lambda value: _grey(255 if value == clear else round(255 * int(value) / top))), 0


def one_bit_png_with_a_clear_value() -> Case:
    return _packed_grey_png(1, 0)


def two_bit_png_with_a_clear_value() -> Case:
    return _packed_grey_png(2, 1)


def four_bit_png_with_a_clear_value() -> Case:
    return _packed_grey_png(4, 3)


def sixteen_bit_png_with_a_clear_value() -> Case:
    return _packed_grey_png(16, 16383)


def sixteen_bit_rgb_png_with_a_clear_colour() -> Case:
    stored = _noise(3, np.uint16, top=2) * 0x1234
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in stored)
    file = _craft_png(WIDTH, HEIGHT, bits=16, rows=rows, trns=struct.pack(">HHH", 0x1234, 0, 0))
    clear = (0x1234, 0, 0)
    assert clear in {tuple(px) for row in stored.tolist() for px in row}
    expected = _by_pixel(stored, lambda px: (255,) * 3 if tuple(px) == clear else tuple(round(v / 257) for v in px))
    return file, expected, 1


def sixteen_bit_rgba_png() -> Case:
    stored = _noise(4, np.uint16, top=65536)
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in stored)
    expected = _by_pixel(stored, lambda px: _over_white(tuple(v / 257 for v in px[:3]), px[3] / 257))
    return _craft_png(WIDTH, HEIGHT, bits=16, colour_type=6, rows=rows), expected, 2


def _cmyk_reference(px: Any) -> tuple[int, int, int]:
    cyan, magenta, yellow, black = (int(value) / 255 for value in px)
    red, green, blue = (round(255 * (1 - ink) * (1 - black)) for ink in (cyan, magenta, yellow))
    return red, green, blue


def cmyk_jpeg() -> Case:
    stored = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    stored[:] = (180, 40, 90, 30)  # One colour: a JPEG keeps it to within rounding.
    file = encode(Image.fromarray(stored, mode="CMYK"), "JPEG", quality=100)
    return file, _by_pixel(stored, _cmyk_reference), 3


def cmyk_tiff() -> Case:
    stored = _noise(4)
    return encode(Image.fromarray(stored, mode="CMYK"), "TIFF"), _by_pixel(stored, _cmyk_reference), 1


def sixteen_bit_png() -> Case:
    stored = _noise(1, np.uint16, top=65536)
    return encode(Image.fromarray(stored), "PNG"), _by_pixel(stored, lambda value: _grey(round(value / 257))), 0


def sixteen_bit_big_endian_tiff() -> Case:
    stored = _noise(1, np.uint16, top=65536)
    file = encode(Image.fromarray(stored.astype(">u2")), "TIFF")
    return file, _by_pixel(stored, lambda value: _grey(round(value / 257))), 0


def thirty_two_bit_tiff() -> Case:
    stored = _noise(1, np.int32, top=65536)
    stored[0, 0], stored[0, 1] = -5, 1_000_000
    expected = _by_pixel(stored, lambda value: _grey(min(max(round(value / 257), 0), 255)))
    return encode(Image.fromarray(stored), "TIFF"), expected, 0


def float_tiff_up_to_one() -> Case:
    stored = (_noise(1) / 255).astype(np.float32)
    stored[0, 0] = -1
    return (
        encode(Image.fromarray(stored), "TIFF"),
        _by_pixel(stored, lambda value: _grey(max(round(255 * value), 0))),
        0,
    )


def float_tiff_up_to_255() -> Case:
    stored = _noise(1).astype(np.float32) + np.float32(0.6)
    stored[0, 0], stored[0, 1], stored[0, 2] = np.nan, np.inf, -np.inf
    expected = _by_pixel(np.nan_to_num(stored), lambda value: _grey(min(max(round(float(value)), 0), 255)))
    return encode(Image.fromarray(stored), "TIFF"), expected, 0


CASES = [
    grey_png, one_bit_png, grey_alpha_png, rgba_png, rgba_webp, rgba_tiff, palette_png, palette_gif,
    palette_png_with_alphas, palette_gif_with_a_clear_colour, rgb_png, rgb_bmp, rgb_png_with_a_clear_colour,
    grey_png_with_a_clear_value, one_bit_png_with_a_clear_value, two_bit_png_with_a_clear_value,
    four_bit_png_with_a_clear_value, sixteen_bit_png_with_a_clear_value, sixteen_bit_rgb_png_with_a_clear_colour,
    sixteen_bit_rgba_png, cmyk_jpeg, cmyk_tiff, sixteen_bit_png, sixteen_bit_big_endian_tiff,
    thirty_two_bit_tiff, float_tiff_up_to_one, float_tiff_up_to_255,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_every_kind_of_pixel_becomes_the_right_rgb(case: Callable[[], Case]) -> None:
    file, expected, tolerance = case()
    image = open_image(file)
    assert image.mode == "RGB"
    difference = np.abs(np.asarray(image).astype(int) - expected.astype(int))
    assert difference.max() <= tolerance


@pytest.mark.parametrize(("bits", "white"), [(8, b"\x00\xff" * 3), (16, b"\xff\xff" * 3)])
def test_a_clear_colour_of_any_depth_opens(bits: int, white: bytes) -> None:
    rows = b"\x00" + b"\x20" * (3 * bits // 8)
    image = open_image(_craft_png(1, 1, bits=bits, rows=rows, trns=white))
    assert image.getpixel((0, 0)) == (32, 32, 32)


@pytest.mark.parametrize(
    ("image_format", "options"), [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {}), ("MPO", {})]
)
def test_of_several_frames_the_first_is_taken(image_format: str, options: dict[str, Any]) -> None:
    frames = [Image.new("RGB", (24, 16), colour) for colour in ("red", "lime", "blue")]
    file = encode(frames[0], image_format, save_all=True, append_images=frames[1:], **options)
    image = open_image(file)
    assert (image.mode, image.size) == ("RGB", (24, 16))
    np.testing.assert_allclose(np.asarray(image).reshape(-1, 3).mean(axis=0), (255, 0, 0), atol=2)


def test_a_file_is_opened_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "quadrants.png").write_bytes(encode(draw_quadrants(), "PNG"))
    image = open_image(tmp_path / "quadrants.png")
    assert np.array_equal(np.asarray(image), np.asarray(draw_quadrants()))


def test_a_path_that_is_not_there_is_the_callers_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_image(tmp_path / "none.jpg")


# Where a stored photo's first row and first column are seen. Source: EXIF 2.32, tag Orientation.
FIRST_ROW_AND_COLUMN = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def _colour_at(image: Image.Image, at: tuple[int, int]) -> Any:
    return image.getpixel(at)


def _as_stored(upright: Pixels, orientation: int) -> Image.Image:
    """The upright picture as a camera held that way stores it."""
    row, column = FIRST_ROW_AND_COLUMN[orientation]
    turned = upright.transpose(1, 0, 2) if row in ("left", "right") else upright
    turned = turned[::-1] if row in ("bottom", "right") else turned
    turned = turned[:, ::-1] if column in ("bottom", "right") else turned
    return Image.fromarray(np.ascontiguousarray(turned))


def _exif(orientation: Any) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize(
    ("image_format", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("JPEG", {"quality": 100})]
)
@pytest.mark.parametrize("orientation", FIRST_ROW_AND_COLUMN)
def test_every_exif_orientation_comes_upright(orientation: int, image_format: str, options: dict[str, Any]) -> None:
    upright = np.asarray(draw_quadrants())
    file = encode(_as_stored(upright, orientation), image_format, exif=_exif(orientation), **options)
    image = open_image(file)
    assert image.size == (80, 60)
    for index, corner in enumerate(((20, 15), (60, 15), (20, 45), (60, 45))):
        expected = ImageColor.getrgb(QUADRANTS[index])
        seen = _colour_at(image, corner)
        np.testing.assert_allclose(seen, expected, atol=3, err_msg=f"{QUADRANTS[index]} is elsewhere")


def test_a_draft_is_turned_upright_too() -> None:
    stored = _as_stored(np.asarray(draw_quadrants((800, 600))), 6)
    image = open_image(encode(stored, "JPEG", exif=_exif(6)), decode_px=100)
    assert image.size == (200, 150)
    np.testing.assert_allclose(_colour_at(image, (50, 37)), (255, 0, 0), atol=3)


@as_in_production
@pytest.mark.parametrize(
    "exif",
    [
        _exif(0),
        _exif(9),
        _exif(65535),
        b"Exif\x00\x00II*\x00" + struct.pack("<IHHHI4sI", 8, 1, 0x0112, 2, 4, b"up!\x00", 0),
        b"Exif\x00\x00",
        b"Exif\x00\x00II*\x00" + b"\xff" * 40,
        b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff" + b"\x12\x01" * 9,
        b"Exif\x00\x00" + b"not exif at all",
    ],
)
def test_a_photo_with_broken_exif_opens_as_stored(exif: Image.Exif | bytes) -> None:
    image = open_image(encode(draw_quadrants(), "JPEG", quality=100, exif=exif))
    assert image.size == (80, 60)
    np.testing.assert_allclose(_colour_at(image, (20, 15)), (255, 0, 0), atol=3)


@pytest.mark.parametrize(
    ("decode_px", "size"),
    [
        (None, (1600, 1200)),
        (1, (200, 150)),
        (150, (200, 150)),
        (151, (400, 300)),
        (300, (400, 300)),
        (301, (800, 600)),
        (600, (800, 600)),
        (601, (1600, 1200)),
        (5000, (1600, 1200)),
    ],
)
def test_a_jpeg_is_decoded_at_the_least_scale_that_keeps_decode_px(
    decode_px: int | None, size: tuple[int, int]
) -> None:
    assert open_image(encode(draw_quadrants((1600, 1200))), decode_px=decode_px).size == size


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_other_formats_come_at_the_scale_of_a_jpeg(image_format: str) -> None:
    image = draw_scene(size=(401, 299))
    for decode_px in (None, 10, 37, 38, 74, 75, 149, 150, 400):
        as_jpeg = open_image(encode(image), decode_px=decode_px)
        assert open_image(encode(image, image_format), decode_px=decode_px).size == as_jpeg.size


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize(("max_image_px", "opens"), [(4801, True), (4800, True), (4799, False)])
def test_max_image_px_at_its_edge(image_format: str, max_image_px: int, opens: bool) -> None:
    file, limits = encode(draw_quadrants((80, 60)), image_format), ImageLimits(max_image_px=max_image_px)
    if opens:
        assert open_image(file, limits=limits).size == (80, 60)
    else:
        with pytest.raises(TooManyPixelsError, match="80 x 60"):
            open_image(file, limits=limits)


@pytest.mark.parametrize("side", [8001, 13300, 20000])
def test_too_many_pixels_are_refused_before_one_is_decoded(side: int) -> None:
    with pytest.raises(TooManyPixelsError):
        open_image(_craft_png(side, side))


def test_too_many_pixels_are_refused_where_pillow_only_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # As in production, where a warning is no error.
        with pytest.raises(TooManyPixelsError, match="13300 x 13300"):
            open_image(_craft_png(13300, 13300))


def test_a_header_within_the_limit_without_pixels_is_damaged() -> None:
    with pytest.raises(DamagedImageError):
        open_image(_craft_png(8000, 8000))


def test_no_limit_of_ours_is_above_pillows_own() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    assert MAX_PIXELS_CEILING <= 2 * Image.MAX_IMAGE_PIXELS


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("photo.jpg", encode(draw_scene()))
    return file.getvalue()


NOT_IMAGES = {
    "ppm": encode(draw_quadrants(), "PPM"),
    "ico": encode(draw_quadrants(), "ICO"),
    "pdf": encode(draw_quadrants(), "PDF"),
    "tga": encode(draw_quadrants(), "TGA"),
    "pcx": encode(draw_quadrants(), "PCX"),
    "eps": encode(draw_quadrants(), "EPS"),
    "psd": b"8BPS\x00\x01" + bytes(6) + struct.pack(">HIIHH", 3, 60, 80, 8, 3) + bytes(40),
    "a film": b"\x00\x00\x00\x18ftypisom" + bytes(60),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
    "text": b"Half Dome at sunset, they say.",
    "html": b"<!doctype html><title>403</title>",
    "empty": b"",
    "one byte": b"\xff",
    "zeros": bytes(1000),
    "zip": _zip(),
    "wav": b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + bytes(40),
}


@pytest.mark.parametrize("kind", NOT_IMAGES)
def test_what_is_not_on_the_list_of_formats_is_unsupported(kind: str) -> None:
    with pytest.raises(UnsupportedImageError):
        open_image(NOT_IMAGES[kind])


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x10\x00\x00\x00WEBP",
        b"GIF89a",
        b"BM",
        b"II*\x00",
        b"MM\x00*",
        b"\x00\x00\x00\x18ftypheic",
        b"\x00\x00\x00\x18ftypavif",
    ],
)
def test_what_only_begins_as_an_image_is_damaged(head: bytes) -> None:
    with pytest.raises(DamagedImageError):
        open_image(head + b"\x01" * 20)


FILES = {
    "jpeg": encode(draw_scene(size=(64, 48)), exif=_exif(6)),
    "progressive jpeg": encode(draw_scene(size=(64, 48)), progressive=True),
    "mpo": encode(draw_scene(size=(64, 48)), "MPO", save_all=True, append_images=[draw_scene(1, (64, 48))]),
    "png": encode(draw_scene(size=(40, 30)), "PNG", exif=_exif(3)),
    "palette png": encode(draw_scene(size=(40, 30)).quantize(16), "PNG", transparency=3),
    "gif": encode(draw_scene(size=(40, 30)), "GIF", save_all=True, append_images=[draw_scene(1, (40, 30))]),
    "webp": encode(draw_scene(size=(64, 48)), "WEBP"),
    "lossless webp": encode(draw_scene(size=(40, 30)), "WEBP", lossless=True),
    "bmp": encode(draw_scene(size=(20, 15)), "BMP"),
    "tiff": encode(draw_scene(size=(20, 15)), "TIFF", exif=_exif(8)),
    "packed tiff": encode(draw_scene(size=(40, 30)), "TIFF", compression="tiff_lzw"),
}


def _error(file: bytes, limits: ImageLimits = SMALL) -> PhotoError | None:
    """None if the file opens as a picture that the network can be given; an error that is none of ours is raised."""
    try:
        image = open_image(file, limits=limits, decode_px=SPEC.decode_px)
    except PhotoError as error:
        return error
    assert image.mode == "RGB"
    assert fit_image(image, SPEC).size == (32, 32)
    return None


@as_in_production
@pytest.mark.parametrize("kind", FILES)
def test_a_cut_off_file_is_damaged_or_unsupported(kind: str) -> None:
    file = FILES[kind]
    assert _error(file) is None
    cuts = sorted({*range(20), *range(0, len(file), max(1, len(file) // 50))})
    for cut in cuts:
        error = _error(file[:cut])
        assert error is None or type(error) in (DamagedImageError, UnsupportedImageError)
        if kind != "mpo" and cut < len(file) // 2:  # The first of an MPO's two pictures may be whole by then.
            assert error is not None, f"opens with {cut} of {len(file)} bytes"


@as_in_production
@pytest.mark.parametrize("kind", FILES)
def test_changed_bytes_never_raise_anything_but_our_errors(kind: str) -> None:
    rng = np.random.default_rng(RNG_SEED)
    for _ in range(80):
        file = bytearray(FILES[kind])
        reach = len(file) if rng.random() < 0.5 else min(len(file), 200)  # Half of them in the header.
        for at in rng.integers(0, reach, rng.integers(1, 9)):
            file[at] = rng.integers(0, 256)
        error = _error(bytes(file))
        assert error is None or type(error) in (DamagedImageError, UnsupportedImageError, TooManyPixelsError)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_the_thinnest_pictures_open(size: tuple[int, int]) -> None:
    assert _error(encode(Image.new("RGB", size), "PNG")) is None


def test_messages_tell_no_internals() -> None:
    for file in (b"text", b"GIF89a", FILES["png"][:200]):
        message = str(_error(file))
        assert "BytesIO" not in message
        assert "/" not in message
