"""File names that the split understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.data import read_data_folder
from training.download.names import file_stem, slug_of


@pytest.mark.parametrize(
    ("author", "slug"),
    [
        ("Jane Doe", "jane-doe"),
        ("  O'Brien, P. & Sons ", "o-brien-p-sons"),
        ("__init__", "init"),
        ("../../etc", "etc"),
        ("", ""),
        ("Unknown author", ""),
        ("NPS", ""),
        ("National Park Service", ""),
    ],
)
def test_an_author_becomes_plain_letters(author: str, slug: str) -> None:
    assert slug_of(author) == slug


def test_authors_that_look_alike_in_plain_letters_stay_two() -> None:
    slugs = {slug_of(author) for author in ("Müller", "Muller", "李明", "王芳", "a" * 80, "a" * 81)}
    assert len(slugs) == 6
    assert all(slug and slug.isascii() and len(slug) <= 60 and "__" not in slug for slug in slugs)


@pytest.mark.parametrize("provider_id", ["../x", "a/b", "a__b", "", "x" * 61, "ü", "-", "a b"])
def test_no_id_can_choose_its_place(provider_id: str) -> None:
    stem = file_stem("jane", "commons", provider_id)
    assert stem.startswith("jane__commons-") and stem.count("__") == 1
    assert Path(stem).name == stem and len(stem) < 100


def test_the_trainer_reads_the_photographer_as_the_source(tmp_path: Path) -> None:
    for label in ("a", "b"):
        for source, number in (("jane", "1"), ("jane", "2"), ("", "3"), ("", "4")):
            path = tmp_path / label / f"{file_stem(source, 'commons', number)}.jpg"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"")
    (tmp_path / "attribution.csv").write_text("file\n")
    (tmp_path / "a" / "jane__commons-5.jpg.part").write_bytes(b"")
    rows = read_data_folder(tmp_path)
    assert [row.group for row in rows if row.label == "a"] == ["commons-3", "commons-4", "jane", "jane"]
