"""HEIC and AVIF open like any other photo, in a process that may die in every way."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from app.errors import BusyError, DamagedImageError, PhotoError, TooCostlyImageError, TooManyPixelsError
from app.vision.decoding import heif
from app.vision.image_io import open_header, open_image
from app.vision.limits import ImageLimits
from tests.conftest import ROOT
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


@pytest.fixture(autouse=True)
def nothing_is_left_behind(tmp_path: Path) -> Iterator[None]:
    """No process, not even a dead one; no descriptor."""
    before = len([*Path("/proc/self/fd").iterdir()])
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert len([*Path("/proc/self/fd").iterdir()]) == before


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


def test_a_photo_that_needs_more_memory_than_it_may_is_too_costly() -> None:
    photo = avif(Image.new("RGB", (3000, 2000)))
    with pytest.raises(TooCostlyImageError):
        open_image(photo, limits=ImageLimits(max_heif_bytes=50_000_000))


def test_a_photo_that_takes_longer_than_it_may_is_too_costly(write: Callable[..., bytes]) -> None:
    started = time.monotonic()
    with pytest.raises(TooCostlyImageError, match="Send a smaller copy"):
        open_image(write(SCENE), limits=ImageLimits(max_heif_s=0.01))
    assert time.monotonic() - started < DEADLINE_S


# Programs in the child's place. HEADER, MAGIC, DECODED and answer(…) are defined for them.
PROGRAM = """
import os, resource, signal, sys, time
sys.path.append({root!r})
from app.vision.decoding.heif_child import *

def answer(width=1, height=1, bands=1, profile=b"", pixels=None, magic=MAGIC, outcome=DECODED):
    pixels = bytes(width * height * bands) if pixels is None else pixels
    return HEADER.pack(magic, outcome, bands, 1, width, height, len(profile)) + profile + pixels

out = sys.stdout.buffer
"""
DYING = {
    "silence": "pass",
    "a crash": "os.kill(os.getpid(), signal.SIGSEGV)",
    "an abort": "os.abort()",
    "an exception": "raise RuntimeError",
    "half a header": "out.write(answer()[:9])",
    "half of the pixels": "out.write(answer(100, 100)[:5000])",
    "no pixels": "out.write(answer(8, 8, pixels=b''))",
    "another program's answer": "out.write(answer(magic=b'what'))",
    "an unknown outcome": "out.write(answer(outcome=200))",
    "no width": "out.write(answer(0, 5))",
    "more pixels than allowed": "out.write(answer(8001, 8000, pixels=b''))",
    "a width beyond memory": "out.write(answer(0xFFFFFFFF, 0xFFFFFFFF, pixels=b''))",
    "an unknown kind of pixels": "out.write(answer(bands=4))",
    "a profile beyond memory": "out.write(HEADER.pack(MAGIC, DECODED, 1, 1, 1, 1, 0xFFFFFFFF))",
    "garbage without end": "\nwhile True: out.write(bytes(65536) + b'x')",
    "garbage and then silence": "out.write(b'x' * 99); out.flush(); time.sleep(99)",
}
KILLED = {
    "silence without end": "time.sleep(99)",
    "half an answer and silence": "out.write(answer(100, 100)[:5000]); out.flush(); time.sleep(99)",
    "an endless loop": "\nresource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass",
    "an alarm": "signal.alarm(1); time.sleep(99)",
    "the system's want of memory": "os.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    def write(program: str) -> None:
        path = tmp_path / "child.py"
        path.write_text(PROGRAM.format(root=str(ROOT)) + textwrap.dedent(program))
        monkeypatch.setattr(heif, "_CHILD", path)

    return write


@pytest.mark.parametrize("death", DYING)
def test_a_child_that_dies_or_says_nonsense_makes_the_photo_damaged(
    death: str, stand_in: Callable[[str], None]
) -> None:
    stand_in(DYING[death])
    with pytest.raises(DamagedImageError):
        open_image(encode_heic(SCENE) + bytes(2_000_000), limits=ImageLimits(max_heif_s=1.5))  # More than a pipe holds.


@pytest.mark.parametrize("death", KILLED)
def test_a_child_that_is_over_its_limits_makes_the_photo_too_costly(
    death: str, stand_in: Callable[[str], None]
) -> None:
    stand_in(KILLED[death])
    with pytest.raises(TooCostlyImageError):
        open_image(encode_heic(SCENE), limits=ImageLimits(max_heif_s=1.5))


def test_what_follows_an_answer_is_not_waited_for(stand_in: Callable[[str], None]) -> None:
    stand_in("out.write(answer(8, 6) + bytes(100)); out.flush(); time.sleep(99)")
    assert open_image(encode_heic(SCENE)).size == (8, 6)


def _said(stand_in: Callable[[str], None], program: str) -> str:
    """What a program wrote into `said`, told as a profile."""
    stand_in(f"said = None\n{program}\nout.write(answer(profile=repr(said).encode()))")
    profile = open_header(encode_heic(SCENE)).photo.decode().profile
    assert profile is not None
    return profile.decode()


def test_the_child_inherits_nothing(stand_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the server")
    readable, writable = os.pipe()
    os.set_inheritable(readable, True)
    try:
        assert "SECRET" not in _said(stand_in, "said = dict(os.environ)")
        opened = _said(stand_in, "said = sorted(map(int, os.listdir('/proc/self/fd')))")
    finally:
        os.close(readable)
        os.close(writable)
    assert opened == "[0, 1, 2, 3]"  # The last is the listing itself.


# What the real child's limits leave to a decoder that was broken into.
TRIES = {
    "open('/etc/passwd')": "OSError",
    "__import__('socket').socket()": "OSError",
    "os.pipe()": "OSError",
    "os.open('/tmp', os.O_RDONLY)": "OSError",
    "bytearray(200_000_000)": "MemoryError",
    "resource.setrlimit(resource.RLIMIT_NOFILE, (99, 3))": "ValueError",
    "resource.getrlimit(resource.RLIMIT_CORE)": "(0, 0)",
    "resource.getrlimit(resource.RLIMIT_CPU)": "(10, 10)",
    "resource.getrlimit(resource.RLIMIT_FSIZE)": "(0, 0)",
    "bool(signal.alarm(0))": "True",
}


def test_the_real_child_lives_within_its_limits(stand_in: Callable[[str], None]) -> None:
    program = f"""
        import socket, types
        from PIL import Image

        def tried(what):
            try:
                return repr(eval(what))
            except Exception as exc:
                return next(kind.__name__ for kind in (OSError, MemoryError, ValueError) if isinstance(exc, kind))

        class Photo:
            size, orientation, profile = (1, 1), 1, b""
            def decode(self, decode_px):
                self.profile = repr([tried(what) for what in {list(TRIES)!r}]).encode()
                return Image.new("L", (1, 1))

        decoder = types.ModuleType("decoder")
        decoder.open_photo = lambda data, kind: Photo()
        sys.modules["app.vision.decoding.heif_formats"] = decoder
        main()
    """
    stand_in(program)
    profile = open_header(encode_heic(SCENE)).photo.decode().profile
    assert profile is not None
    assert eval(profile) == list(TRIES.values())


def test_the_child_ends_when_the_server_is_gone() -> None:
    """A photo half sent, and nobody at the other end of the pipes."""
    command = heif.open_heif(encode_heic(SCENE), "HEIC", ImageLimits(), None)._command()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={}) as child:
        assert child.stdin is not None
        child.stdin.write(encode_heic(SCENE)[:500])
        child.stdin.close()
        assert child.wait(DEADLINE_S) == 0


def test_a_system_that_starts_no_process_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(BusyError):
        open_image(encode_heic(SCENE))


def test_a_server_that_meets_no_such_photo_loads_no_such_decoder() -> None:
    code = """
        import sys
        from app.errors import PhotoError
        from app.factory import create_app
        from app.vision.image_io import open_image
        for file in map(bytes.fromhex, sys.stdin.read().split(",")):
            try:
                open_image(file)
            except PhotoError:
                continue
        print(*sys.modules)
    """
    files = [encode(SCENE, name) for name in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "MPO", "PPM")] + [b"text"]
    command, hexadecimal = [sys.executable, "-c", textwrap.dedent(code)], ",".join(file.hex() for file in files)
    done = subprocess.run(command, cwd=ROOT, input=hexadecimal, capture_output=True, text=True, check=True)
    assert "PIL.WebPImagePlugin" in done.stdout
    assert not {"pillow_heif", "_pillow_heif", "PIL.AvifImagePlugin"} & {*done.stdout.split()}
