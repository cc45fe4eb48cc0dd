"""What is wrong with a file by itself."""

from __future__ import annotations

import pytest

from tests.training.check.checked import checked
from training.check.files import check_files
from training.check.findings import CheckedPhoto, Finding

LEAST = 128


def found(photo: CheckedPhoto) -> list[Finding]:
    return list(check_files([photo], LEAST))


def test_a_sound_photo_has_no_findings() -> None:
    assert found(checked("cats/a.jpg")) == []


@pytest.mark.parametrize("problem", ["unreadable", "empty", "not_a_photo", "too_large"])
def test_a_file_that_cannot_be_used_is_found_and_suspected(problem: str) -> None:
    photo = checked("cats/a.jpg", problem=problem, reason="This is a web page. Send a photo.")
    assert found(photo) == [Finding(problem, "This is a web page.", (photo.path,), (photo.path,))]


@pytest.mark.parametrize(("side", "kinds"), [(129, []), (128, []), (127, ["tiny"])])
def test_the_least_side(side: int, kinds: list[str]) -> None:
    assert [finding.kind for finding in found(checked("cats/a.jpg", width=side))] == kinds
    assert [finding.kind for finding in found(checked("cats/a.jpg", height=side))] == kinds


@pytest.mark.parametrize(
    ("name", "image_format"),
    [("a.jpg", "JPEG"), ("a.JPEG", "MPO"), ("a.PNG", "PNG"), ("a.tif", "TIFF"), ("a.hif", "HEIC"), ("a.avif", "AVIF")],
)
def test_an_extension_that_fits_is_fine(name: str, image_format: str) -> None:
    assert found(checked(f"cats/{name}", format=image_format)) == []


def test_a_wrong_extension_is_found_and_not_suspected() -> None:
    [finding] = found(checked("cats/a.jpg", format="PNG"))
    assert (finding.kind, finding.reason) == ("wrong_extension", "It is PNG, and its name ends in '.jpg'.")
    assert finding.suspects == ()


@pytest.mark.parametrize("name", ["a.jfif", "a", "a.txt"])
def test_a_photo_that_the_trainer_does_not_see_is_found(name: str) -> None:
    [finding] = found(checked(f"cats/{name}"))
    assert finding.kind == "wrong_extension" and "The trainer does not see it." in finding.reason


@pytest.mark.parametrize("flat", [0, 1 << 63])
def test_a_blank_picture_is_found(flat: int) -> None:
    assert [finding.kind for finding in found(checked("cats/a.jpg", perceptual_hash=flat))] == ["blank"]
