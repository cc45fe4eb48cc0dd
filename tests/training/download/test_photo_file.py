"""Bytes -> a photo in its place, or the reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.vision.limits import ImageLimits
from tests.photos import draw_scene, encode
from training.download.photo_file import objection_to, suffix_of, write_photo


@pytest.mark.parametrize(
    ("image_format", "suffix"), [("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp"), ("GIF", "")]
)
def test_the_name_ends_in_what_the_bytes_are(image_format: str, suffix: str) -> None:
    assert suffix_of(encode(draw_scene(), image_format)) == suffix


@pytest.mark.parametrize(
    ("content", "objection"),
    [
        (encode(draw_scene(size=(300, 200))), ""),
        (encode(draw_scene(size=(300, 199))), "too small"),
        (encode(draw_scene(size=(300, 200)))[:900], "damaged"),
        (b"\xff\xd8\xff", "damaged"),
        (b"<html>", "not a photo's format"),
        (b"", "not a photo's format"),
        (encode(draw_scene(size=(300, 200)), "GIF"), "not a photo's format"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(content: bytes, objection: str) -> None:
    assert objection_to(content, 200) == objection


def test_a_photo_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    content = encode(draw_scene(size=(300, 200)))
    assert objection_to(content, 1, ImageLimits(max_image_px=60_000)) == ""
    assert objection_to(content, 1, ImageLimits(max_image_px=59_999)) == "too many pixels"


def test_bytes_are_kept_as_delivered(tmp_path: Path) -> None:
    content = encode(draw_scene()) + b"trailer"
    write_photo(tmp_path / "a" / "b.jpg", content)
    assert (tmp_path / "a" / "b.jpg").read_bytes() == content
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.jpg"]


def test_a_photo_that_cannot_be_moved_to_its_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "b.jpg").mkdir()
    with pytest.raises(OSError):
        write_photo(tmp_path / "b.jpg", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["b.jpg"]
