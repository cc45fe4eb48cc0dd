"""Reading a data folder, and splitting it without leaks."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.vision.bundle import file_sha256
from training.data import SPLITS, PhotoRow, Split, data_digest, read_data_folder, split_by_group
from training.errors import DataError


def make_files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return folder


def make_rows(*, sources: int = 12, photos: int = 3, strata: Sequence[str] = ("cats", "dogs")) -> list[PhotoRow]:
    return [
        PhotoRow(Path(f"{stratum}/{source}__{number}.jpg"), stratum.split("/")[0], stratum, f"{stratum}-{source}")
        for stratum in strata
        for source in range(sources)
        for number in range(photos)
    ]


def hashed(rows: Sequence[PhotoRow]) -> list[PhotoRow]:
    """The rows with the sha256 of their files."""
    return [replace(row, sha256=file_sha256(row.path)) for row in rows]


def split_of(rows: Sequence[PhotoRow]) -> dict[Path, Split | None]:
    return {row.path: row.split for row in rows}


def test_a_label_is_the_first_folder_and_a_stratum_all_of_them(tmp_path: Path) -> None:
    make_files(tmp_path, "cats/a__1.jpg", "other/far/b__1.jpg", "other/near/by/c__1.jpg")
    rows = read_data_folder(tmp_path)
    assert [(row.label, row.stratum) for row in rows] == [
        ("cats", "cats"),
        ("other", "other/far"),
        ("other", "other/near/by"),
    ]


@pytest.mark.parametrize(
    ("name", "group"),
    [("anna__01.jpg", "anna"), ("anna__trip__01.jpg", "anna__trip"), ("anna_01.jpg", "cats/anna_01.jpg")],
)
def test_a_group_is_what_stands_before_the_last_double_underscore(tmp_path: Path, name: str, group: str) -> None:
    rows = read_data_folder(make_files(tmp_path, f"cats/{name}", "dogs/b__1.jpg"))
    assert rows[0].group == group


def test_files_without_a_source_of_the_same_name_are_groups_of_their_own(tmp_path: Path) -> None:
    rows = read_data_folder(make_files(tmp_path, "cats/1.jpg", "dogs/1.jpg", "dogs/old/1.jpg"))
    assert len({row.group for row in rows}) == 3


def test_every_format_that_opens_is_a_photo(tmp_path: Path) -> None:
    names = ["a.jpeg", "b.PNG", "c.webp", "d.gif", "e.bmp", "f.tif", "g.HEIC", "h.heif", "i.hif", "j.avif"]
    make_files(tmp_path, "dogs/1.jpg", *(f"cats/{name}" for name in names))
    assert [row.path.name for row in read_data_folder(tmp_path)] == [*names, "1.jpg"]


def test_what_is_no_photo_is_ignored(tmp_path: Path) -> None:
    make_files(tmp_path, "cats/a.JPG", "cats/notes.txt", "cats/.DS_Store", "stray.jpg", "dogs/b.webp", "LICENCES.csv")
    (tmp_path / "dogs" / "folder.jpg").mkdir()
    assert [row.path.name for row in read_data_folder(tmp_path)] == ["a.JPG", "b.webp"]


def test_rows_are_sorted_by_path(tmp_path: Path) -> None:
    rows = read_data_folder(make_files(tmp_path, "dogs/b.jpg", "cats/z.jpg", "cats/a.jpg"))
    assert [row.path for row in rows] == sorted(row.path for row in rows)


def test_one_label_is_not_enough(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 label.*cats"):
        read_data_folder(make_files(tmp_path, "cats/a.jpg", "dogs/readme.txt"))


def test_an_empty_folder_has_no_label(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"0 label.*none"):
        read_data_folder(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere is not a folder"):
        read_data_folder(tmp_path / "nowhere")


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_in_two_splits(seed: int) -> None:
    rng = random.Random(seed)
    rows = [replace(row, source=f"source-{rng.randrange(30)}") for row in make_rows(sources=20)]
    splits: dict[str, set[Split | None]] = {}
    for row in split_by_group(rows, n_folds=5, seed=seed):
        splits.setdefault(row.group, set()).add(row.split)
    assert all(len(found) == 1 for found in splits.values())


def test_every_label_is_in_every_split_and_no_row_is_lost() -> None:
    rows = make_rows(strata=("cats", "dogs", "other/far", "other/near"))
    result = split_by_group(rows, n_folds=4, seed=3)
    assert [row.path for row in result] == [row.path for row in rows]
    assert {(row.label, row.split) for row in result} == {
        (label, split) for label in ("cats", "dogs", "other") for split in SPLITS
    }


def test_one_fold_tests_one_validates_and_the_rest_train() -> None:
    result = split_by_group(make_rows(sources=20), n_folds=5, seed=0)
    assert [sum(row.split == split for row in result) for split in SPLITS] == [72, 24, 24]


def test_the_same_seed_splits_the_same_way() -> None:
    first, second = (split_by_group(make_rows(), n_folds=4, seed=5) for _ in range(2))
    assert first == second


def test_another_seed_splits_another_way() -> None:
    first, second = (split_by_group(make_rows(), n_folds=4, seed=seed) for seed in (5, 6))
    assert first != second


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    rows = make_rows()
    shuffled = random.Random(seed).sample(rows, len(rows))
    assert split_of(split_by_group(rows, n_folds=4, seed=1)) == split_of(split_by_group(shuffled, n_folds=4, seed=1))


def test_fewer_sources_than_folds_are_refused() -> None:
    with pytest.raises(DataError, match=r"6 group.*7 folds.*--n-folds"):
        split_by_group(make_rows(sources=3), n_folds=7, seed=0)


def test_as_many_sources_as_folds_are_enough() -> None:
    rows = [replace(row, source=row.source.rpartition("-")[2]) for row in make_rows(sources=3, photos=1)]
    assert len(split_by_group(rows, n_folds=3, seed=0)) == len(rows)


def test_fewer_photos_of_every_label_than_folds_are_refused() -> None:
    with pytest.raises(DataError, match="10 photos cannot be split into 7 folds"):
        split_by_group(make_rows(sources=5, photos=1), n_folds=7, seed=0)


def test_a_stratum_smaller_than_the_folds_is_dealt_out_without_a_warning() -> None:
    rows = [*make_rows(sources=10), *make_rows(sources=2, photos=1, strata=("cats/rare",))]
    assert len(split_by_group(rows, n_folds=5, seed=0)) == len(rows)


def test_a_label_of_one_source_cannot_be_in_every_split() -> None:
    rows = [*make_rows(), *make_rows(sources=1, photos=9, strata=("owls",))]
    with pytest.raises(DataError, match="'owls' has no photo in"):
        split_by_group(rows, n_folds=4, seed=0)


def test_the_digest_is_the_same_wherever_the_folder_is(tmp_path: Path) -> None:
    here = make_files(tmp_path / "here", "cats/a.jpg", "dogs/b.jpg")
    there = shutil.copytree(here, tmp_path / "elsewhere" / "there")
    assert data_digest(hashed(read_data_folder(here)), here) == data_digest(hashed(read_data_folder(there)), there)


@pytest.mark.parametrize("change", ["content", "name", "swap", "remove"])
def test_the_digest_changes_with_any_photo(tmp_path: Path, change: str) -> None:
    make_files(tmp_path, "cats/a.jpg", "cats/c.jpg", "dogs/b.jpg", "dogs/d.jpg")
    before = data_digest(hashed(read_data_folder(tmp_path)), tmp_path)
    photo, other = tmp_path / "cats" / "a.jpg", tmp_path / "dogs" / "b.jpg"
    if change == "content":
        photo.write_bytes(b"another")
    elif change == "name":
        photo.rename(photo.with_name("e.jpg"))
    elif change == "swap":
        first, second = photo.read_bytes(), other.read_bytes()
        photo.write_bytes(second)
        other.write_bytes(first)
    else:
        photo.unlink()
    assert data_digest(hashed(read_data_folder(tmp_path)), tmp_path) != before
