"""HEIC and AVIF open like any other photo, in a process with limits."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from app.errors import DamagedImageError, PhotoError, TooCostlyImageError, TooManyPixelsError
from app.vision.decoding.heif import stated_size
from app.vision.image_io import open_header, open_image
from app.vision.limits import ImageLimits
from tests.photos import draw_quadrants, draw_scene, encode, encode_heic
from tests.vision.decoding.profiles import p3_to_srgb, rgb_profile

SCENE = draw_scene(size=(64, 48))
DEADLINE_S = 20.0  # Far above what any of this takes: a test that hangs fails instead.


def avif(image: Image.Image, **options: Any) -> bytes:
    return encode(image, "AVIF", quality=100, subsampling="4:4:4", **options)


WRITERS: dict[str, Callable[..., bytes]] = {"HEIC": encode_heic, "AVIF": avif}


@pytest.fixture(params=sorted(WRITERS))
def write(request: pytest.FixtureRequest) -> Callable[..., bytes]:
    return WRITERS[request.param]


pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")


def _gap(file: bytes, expected: Any) -> float:
    return float(np.abs(np.asarray(open_image(file)).astype(float) - np.asarray(expected).astype(float)).max())


def test_a_photo_comes_out_as_it_was_drawn(write: Callable[..., bytes]) -> None:
    assert _gap(write(SCENE), SCENE) <= 3


def test_grey_comes_out_as_rgb(write: Callable[..., bytes]) -> None:
    grey = SCENE.convert("L")
    assert _gap(write(grey), grey.convert("RGB")) <= 3


def test_what_is_clear_is_laid_over_white(write: Callable[..., bytes]) -> None:
    image = SCENE.convert("RGBA")
    alpha = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (48, 1))
    image.putalpha(Image.fromarray(alpha))
    share = alpha[..., None] / 255
    assert _gap(write(image), np.asarray(SCENE) * share + 255 * (1 - share)) <= 4


@pytest.mark.parametrize(("mode", "bands"), [("I;16", 1), ("RGB;16", 3)])
def test_ten_bits_become_eight(mode: str, bands: int) -> None:
    stored = np.random.default_rng(0).integers(0, 65536, (48, 64, bands)).astype(np.uint16)
    file = io.BytesIO()
    pillow_heif.encode(mode, (64, 48), stored.tobytes(), file, quality=-1, chroma=444, matrix_coefficients=0)
    assert _gap(file.getvalue(), np.broadcast_to(stored // 257, (48, 64, 3))) <= 3


def test_colours_become_srgb(write: Callable[..., bytes]) -> None:
    image = Image.new("RGB", (64, 48), (40, 180, 90))
    image.info["icc_profile"] = rgb_profile()
    assert _gap(write(image), np.full((48, 64, 3), p3_to_srgb((40, 180, 90)))) <= 4


def _heic_turned(image: Image.Image, exif: Image.Exif) -> bytes:
    """As phones write it: EXIF's orientation, and the file's own transformation that says the same."""
    file, options = io.BytesIO(), {"quality": -1, "chroma": 444, "matrix_coefficients": 0}
    pillow_heif.encode("RGB", image.size, image.tobytes(), file, exif=exif.tobytes(), **options)
    assert (b"irot" in file.getvalue() or b"imir" in file.getvalue()) == (exif[0x0112] > 1)
    return file.getvalue()


def _avif_turned(image: Image.Image, exif: Image.Exif) -> bytes:
    return avif(image, exif=exif)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("write_turned", [_heic_turned, _avif_turned])
def test_a_photo_is_turned_upright_once(write_turned: Callable[..., bytes], orientation: int) -> None:
    stored, exif = draw_quadrants((96, 64)), Image.Exif()
    exif[0x0112] = orientation
    expected = open_image(encode(stored, "PNG", exif=exif))
    found = open_image(write_turned(stored, exif))
    assert found.size == expected.size
    for corner in ((8, 8), (found.width - 9, 8), (8, found.height - 9), (found.width - 9, found.height - 9)):
        np.testing.assert_allclose(found.getpixel(corner), expected.getpixel(corner), atol=3)  # type: ignore[arg-type]


def test_a_photo_of_tiles_is_put_together() -> None:
    scene = draw_scene(size=(1100, 700))
    assert _gap(encode_heic(scene, tile_size=512), scene) <= 3


def test_of_several_frames_the_first_is_taken() -> None:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "lime", "blue")]
    file = avif(frames[0], save_all=True, append_images=frames[1:])
    assert _gap(file, frames[0]) <= 3


def test_of_several_photos_the_main_one_is_taken() -> None:
    file, several = io.BytesIO(), pillow_heif.HeifFile()
    for colour in ("red", "lime", "blue"):
        several.add_from_pillow(Image.new("RGB", (64, 48), colour))
    several.save(file, quality=-1, chroma=444, primary_index=1)
    assert _gap(file.getvalue(), Image.new("RGB", (64, 48), "lime")) <= 3


def test_it_comes_at_the_scale_of_a_jpeg(write: Callable[..., bytes]) -> None:
    image = draw_scene(size=(401, 299))
    for decode_px in (None, 37, 74, 149, 400):
        assert open_image(write(image), decode_px=decode_px).size == open_image(encode(image), decode_px=decode_px).size


@pytest.mark.parametrize(("max_image_px", "opens"), [(3073, True), (3072, True), (3071, False)])
def test_max_image_px_at_its_edge(write: Callable[..., bytes], max_image_px: int, opens: bool) -> None:
    file, limits = write(SCENE), ImageLimits(max_image_px=max_image_px)
    if opens:
        assert open_image(file, limits=limits).size == (64, 48)
    else:
        with pytest.raises(TooManyPixelsError, match="64 x 48"):
            open_image(file, limits=limits)


def test_many_open_at_once(write: Callable[..., bytes]) -> None:
    file, sizes = write(SCENE), []
    threads = [threading.Thread(target=lambda: sizes.append(open_image(file).size)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert sizes == [(64, 48)] * 6


def test_a_cut_off_file_is_damaged(write: Callable[..., bytes]) -> None:
    file = write(SCENE)
    for sixteenth in range(1, 16):
        with pytest.raises(DamagedImageError):
            open_image(file[: len(file) * sixteenth // 16])


def test_changed_bytes_never_raise_anything_but_our_errors(write: Callable[..., bytes]) -> None:
    rng, good = np.random.default_rng(20), write(SCENE)
    for _ in range(25):
        file = bytearray(good)
        for at in rng.integers(0, min(len(file), 600), rng.integers(1, 9)):
            file[at] = rng.integers(0, 256)
        try:
            assert open_image(bytes(file), limits=ImageLimits(max_image_px=100_000)).mode == "RGB"
        except PhotoError:
            continue


def test_memory_is_limited_by_what_the_header_says_and_by_the_setting(write: Callable[..., bytes]) -> None:
    file, least = write(draw_scene(size=(600, 400))), ImageLimits(max_heif_bytes=50_000_000)
    assert open_header(file).cost_bytes == 48_000_000 + 20 * 600 * 400
    assert open_header(file, limits=least).cost_bytes == 50_000_000
    lying = file.replace((600).to_bytes(4, "big") + (400).to_bytes(4, "big"), b"\x00\x00\x1f\x40" * 2)
    assert open_header(lying).cost_bytes == 1_000_000_000


@pytest.mark.parametrize(("n_before", "is_seen"), [(998, True), (999, True), (1000, False)])
def test_the_size_is_looked_for_in_so_many_boxes(n_before: int, is_seen: bool) -> None:
    small, large = (b"ispe" + bytes(4) + size.to_bytes(4, "big") * 2 for size in (1, 900))
    assert stated_size(small * n_before + large) == ((900, 900) if is_seen else (1, 1))


def test_a_photo_that_needs_more_memory_than_it_may_is_too_costly() -> None:
    photo = avif(Image.new("RGB", (3000, 2000)))
    with pytest.raises(TooCostlyImageError):
        open_image(photo, limits=ImageLimits(max_heif_bytes=50_000_000))


def test_a_photo_that_takes_longer_than_it_may_is_too_costly(write: Callable[..., bytes]) -> None:
    started = time.monotonic()
    with pytest.raises(TooCostlyImageError, match="Send a smaller copy"):
        open_image(write(SCENE), limits=ImageLimits(max_heif_s=0.01))
    assert time.monotonic() - started < DEADLINE_S
