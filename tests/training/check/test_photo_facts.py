"""What is read of every file, and that no file stops it."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from pathlib import Path

import pytest

from app.vision.limits import ImageLimits
from tests.photos import draw_scene, encode, encode_heic
from training.check.photo_facts import FileLimits, PhotoFacts, available_cores, read_photo_facts


def facts_of(path: Path, limits: FileLimits | None = None) -> PhotoFacts:
    [facts] = read_photo_facts([path], n_workers=0, limits=limits)
    return facts


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that says it has that many pixels, and has hardly any."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9)))


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def test_a_photo_has_all_facts(tmp_path: Path) -> None:
    data = encode(draw_scene(1, (640, 480)))
    facts = facts_of(written(tmp_path / "a.jpg", data))
    assert (facts.width, facts.height, facts.format, facts.n_bytes) == (640, 480, "JPEG", len(data))
    assert facts.sha256 == hashlib.sha256(data).hexdigest()
    assert facts.perceptual_hash is not None and (facts.problem, facts.reason) == (None, None)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(encode_heic(draw_scene(1, (640, 480))), "HEIC"), (encode(draw_scene(1, (640, 480)), "AVIF"), "AVIF")],
)
def test_a_photo_that_is_decoded_elsewhere_has_all_facts(tmp_path: Path, data: bytes, kind: str) -> None:
    facts = facts_of(written(tmp_path / "a.heic", data))
    assert (facts.width, facts.height, facts.format, facts.problem) == (640, 480, kind, None)


def test_the_format_is_that_of_the_content(tmp_path: Path) -> None:
    assert facts_of(written(tmp_path / "a.jpg", encode(draw_scene(), "PNG"))).format == "PNG"


@pytest.mark.parametrize("n_workers", [0, 2])
def test_facts_come_in_the_order_of_the_paths(tmp_path: Path, n_workers: int) -> None:
    names = [f"{number}.jpg" for number in (5, 3, 9, 1)]
    paths = [written(tmp_path / name, encode(draw_scene(seed))) for seed, name in enumerate(names)]
    facts = read_photo_facts(paths, n_workers=n_workers)
    assert [fact.path.name for fact in facts] == names
    assert facts == read_photo_facts(paths, n_workers=0)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"<html>not found</html>", "not_a_photo"),
        (encode(draw_scene())[:2000], "unreadable"),
        (b"\xff\xd8\xff\xe0" + bytes(500), "unreadable"),
        (png_of_size(20000, 25000), "too_large"),
    ],
    ids=["empty", "a page", "half a photo", "a header alone", "500 megapixels"],
)
def test_what_is_wrong_with_a_file(tmp_path: Path, data: bytes, problem: str) -> None:
    facts = facts_of(written(tmp_path / "a.jpg", data))
    assert facts.problem == problem and facts.reason
    assert facts.sha256 == hashlib.sha256(data).hexdigest()
    assert facts.perceptual_hash is None


def test_bad_files_harm_no_neighbour(tmp_path: Path) -> None:
    good = written(tmp_path / "good.jpg", encode(draw_scene()))
    bad = written(tmp_path / "bad.jpg", encode(draw_scene())[:900])
    facts = read_photo_facts([bad, tmp_path / "absent.jpg", good], n_workers=1)
    assert [fact.problem for fact in facts] == ["unreadable", "unreadable", None]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_unreadable(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg", encode(draw_scene()))
    path.chmod(0)
    assert facts_of(path).reason == "It cannot be read: Permission denied."


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert facts_of(tmp_path / "a.jpg").reason == "It is no ordinary file."


def test_links_that_go_round_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to(tmp_path / "b.jpg")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    assert facts_of(tmp_path / "a.jpg").problem == "unreadable"


@pytest.mark.parametrize(("more", "problem"), [(1, None), (0, None), (-1, "too_large")])
def test_the_limit_in_bytes(tmp_path: Path, more: int, problem: str | None) -> None:
    data = encode(draw_scene())
    limits = FileLimits(max_file_bytes=len(data) + more)
    assert facts_of(written(tmp_path / "a.jpg", data), limits).problem == problem


@pytest.mark.parametrize(("more", "problem"), [(1, None), (0, None), (-1, "too_large")])
def test_the_limit_in_pixels(tmp_path: Path, more: int, problem: str | None) -> None:
    limits = FileLimits(image=ImageLimits(max_image_px=160 * 120 + more))
    assert facts_of(written(tmp_path / "a.jpg", encode(draw_scene())), limits).problem == problem


def test_there_is_a_core() -> None:
    assert available_cores() >= 1
