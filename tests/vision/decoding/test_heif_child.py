"""The process that decodes a HEIC or AVIF photo may die in every way, and be taken over: it harms nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import BusyError, DamagedImageError, TooCostlyImageError
from app.vision.decoding import heif
from app.vision.image_io import open_header, open_image
from app.vision.limits import ImageLimits
from tests.conftest import ROOT
from tests.photos import draw_scene, encode, encode_heic

SCENE = draw_scene(size=(64, 48))
DEADLINE_S = 20.0  # Far above what any of this takes: a test that hangs fails instead.

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")


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
