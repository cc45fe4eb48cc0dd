"""Photos that are there more than once."""

from __future__ import annotations

import pytest

from tests.training.check.checked import checked, told
from tests.training.splitting.photo_rows import FLAT, structured_hash
from training.check.copies import check_copies
from training.check.findings import CheckedPhoto, Finding

LOOK, NEAR = structured_hash(1), structured_hash(1, 0)


def found(*photos: CheckedPhoto, max_distance: int = 6) -> list[Finding]:
    return list(check_copies(photos, max_distance))


def test_different_photos_are_no_copies() -> None:
    assert found(*(checked(f"cats/{number}.jpg") for number in range(50))) == []


def test_the_same_file_within_a_label_is_a_duplicate_all_but_the_first_suspected() -> None:
    photos = [checked(f"cats/{name}.jpg", sha256="one", perceptual_hash=LOOK) for name in "abc"]
    [finding] = found(*photos)
    assert told([finding]) == [("duplicate", ["cats/a.jpg", "cats/b.jpg", "cats/c.jpg"])]
    assert [path.name for path in finding.suspects] == ["b.jpg", "c.jpg"]
    assert finding.reason == "The same file 3 times, of 3 sources."


def test_the_same_file_under_two_labels_is_a_conflict_all_suspected() -> None:
    photos = [checked(f"{label}/a.jpg", sha256="one", perceptual_hash=LOOK) for label in ("cats", "dogs")]
    [finding] = found(*photos)
    assert told([finding]) == [("label_conflict", ["cats/a.jpg", "dogs/a.jpg"])]
    assert finding.suspects == finding.photos
    assert finding.reason == "The same file as cats and as dogs."


def test_several_labels_conflict_only_where_they_differ() -> None:
    same = [checked(f"{name}.jpg", labels=("cone", "dog"), sha256="one", perceptual_hash=LOOK) for name in "ab"]
    assert [finding.kind for finding in found(*same)] == ["duplicate"]
    more = checked("c.jpg", labels=("dog",), sha256="one", perceptual_hash=LOOK)
    assert [finding.reason for finding in found(*same, more)] == ["The same file as cone+dog and as dog."]


@pytest.mark.parametrize(("n_bits", "kinds"), [(5, ["near_duplicate"]), (6, ["near_duplicate"]), (7, [])])
def test_how_near_near_duplicates_are(n_bits: int, kinds: list[str]) -> None:
    first = checked("cats/a.jpg", perceptual_hash=LOOK)
    second = checked("cats/b.jpg", perceptual_hash=structured_hash(1, *range(n_bits)))
    assert [finding.kind for finding in found(first, second)] == kinds


def test_of_near_duplicates_the_one_of_most_pixels_is_not_suspected() -> None:
    small = checked("cats/a.jpg", perceptual_hash=LOOK, width=320, height=240)
    large = checked("cats/b.jpg", perceptual_hash=NEAR, width=640, height=480)
    [finding] = found(small, large)
    assert told([finding]) == [("near_duplicate", ["cats/b.jpg", "cats/a.jpg"])]
    assert finding.suspects == (small.path,)
    assert finding.reason == "2 photos, of 2 sources; at most 1 of 64 bits from the first."


def test_near_duplicates_of_other_labels_are_told_apart() -> None:
    photos = [checked(f"{label}/a.jpg", perceptual_hash=LOOK) for label in ("cats", "dogs")]
    assert told(found(*photos)) == [("near_conflict", ["cats/a.jpg", "dogs/a.jpg"])]


def test_near_duplicates_of_several_sources_come_first() -> None:
    burst = [checked(f"cats/a__{n}.jpg", source="a", perceptual_hash=LOOK) for n in range(3)]
    across = [checked(f"cats/{source}__1.jpg", source=source, perceptual_hash=structured_hash(2)) for source in "bc"]
    first, second = found(*burst, *across)
    assert first.photos == tuple(photo.path for photo in across)
    assert "all of one source" in second.reason


def test_flat_pictures_are_no_near_duplicates() -> None:
    assert found(*(checked(f"cats/{name}.jpg", perceptual_hash=FLAT) for name in "ab")) == []


def test_exact_duplicates_are_not_told_again_as_near_ones() -> None:
    photos = [checked(f"cats/{name}.jpg", sha256="one", perceptual_hash=LOOK) for name in "ab"]
    near = checked("cats/c.jpg", perceptual_hash=NEAR)
    assert told(found(*photos, near)) == [
        ("duplicate", ["cats/a.jpg", "cats/b.jpg"]),
        ("near_duplicate", ["cats/a.jpg", "cats/c.jpg"]),
    ]
