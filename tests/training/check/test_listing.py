"""Which files a check looks at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.training.test_data import make_files
from training.check.findings import Finding
from training.check.listing import list_folder, list_table
from training.data import read_data_folder
from training.errors import DataError

MOST = 1000


def written(folder: Path, *lines: str) -> Path:
    table = folder / "table.csv"
    table.write_text("\n".join(("path,labels", *lines)) + "\n", encoding="utf-8")
    return table


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.kind, finding.photos[0].name) for finding in findings]


def test_all_files_of_label_folders_are_looked_at_photos_or_not(tmp_path: Path) -> None:
    make_files(tmp_path, "cats/a.jpg", "cats/notes.txt", "other/far/b.JPG", "README.md", "attribution.csv")
    listing = list_folder(tmp_path, MOST)
    assert [row.path.name for row in listing.rows] == ["a.jpg", "notes.txt", "b.JPG"]
    assert [(row.label, row.stratum) for row in listing.rows][-1] == ("other", "other/far")
    assert listing.findings == []


def test_whatever_the_trainer_reads_is_looked_at(tmp_path: Path) -> None:
    make_files(tmp_path, "cats/a__1.jpg", "cats/._a.jpg", ".hidden/b.png", "Hunde und Wölfe/c – 木.webp", "x/y/z.heic")
    rows = list_folder(tmp_path, MOST).rows
    assert [(r.path, r.label, r.stratum, r.source) for r in rows] == [
        (r.path, r.label, r.stratum, r.source) for r in read_data_folder(tmp_path)
    ]


def test_what_file_managers_leave_is_not_looked_at(tmp_path: Path) -> None:
    make_files(tmp_path, "cats/a.jpg", "cats/.DS_Store", "cats/Thumbs.db", "cats/desktop.ini")
    assert [row.path.name for row in list_folder(tmp_path, MOST).rows] == ["a.jpg"]


def test_a_photo_in_no_label_folder_is_found(tmp_path: Path) -> None:
    make_files(tmp_path, "cats/a.jpg", "stray.jpg", "notes.txt")
    assert told(list_folder(tmp_path, MOST).findings) == [("unlabelled", "stray.jpg")]


def test_links_that_go_round_are_found_and_not_followed(tmp_path: Path) -> None:
    make_files(tmp_path, "cats/a.jpg", "dogs/b.jpg")
    (tmp_path / "cats" / "again").symlink_to(tmp_path)
    listing = list_folder(tmp_path, MOST)
    assert len(listing.rows) == 2
    assert told(listing.findings) == [("folder_link", "again")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_found(tmp_path: Path) -> None:
    make_files(tmp_path, "cats/a.jpg", "dogs/b.jpg")
    (tmp_path / "dogs").chmod(0)
    assert told(list_folder(tmp_path, MOST).findings) == [("folder_link", "dogs")]


@pytest.mark.parametrize("names", [(), ("a.jpg",), ("README.md",)])
def test_a_folder_without_label_folders_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="one folder of photos per label"):
        list_folder(make_files(tmp_path, *names), MOST)


def test_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        list_folder(tmp_path / "nowhere", MOST)


@pytest.mark.parametrize(("limit", "is_refused"), [(3, False), (2, False), (1, True)])
def test_the_limit_on_files(tmp_path: Path, limit: int, is_refused: bool) -> None:
    make_files(tmp_path, "cats/a.jpg", "cats/b.jpg")
    if is_refused:
        with pytest.raises(DataError, match=r"more than 1 files.*--max-files"):
            list_folder(tmp_path, limit)
    else:
        assert len(list_folder(tmp_path, limit).rows) == 2


def test_a_table_gives_one_or_several_labels(tmp_path: Path) -> None:
    make_files(tmp_path, "photos/a.jpg", "photos/b c.jpg", "photos/d.jpg")
    table = written(tmp_path, "d.jpg,", "b c.jpg,cone; dog", "a.jpg,dog")
    listing = list_table(table, tmp_path / "photos", MOST)
    assert [row.labels for row in listing.rows] == [("dog",), ("cone", "dog"), ()]
    assert listing.multi_label and listing.findings == []


def test_what_is_wrong_with_a_table_is_found_line_by_line(tmp_path: Path) -> None:
    make_files(tmp_path, *(f"photos/{name}.jpg" for name in ("a", "b", "twice", "again", "bare", "unnamed")))
    long = "x" * 300
    table = written(
        tmp_path, "a.jpg,cat", "b.jpg,dog", "gone.jpg,dog", "twice.jpg,cat", "twice.jpg,dog", "again.jpg,cat",
        "again.jpg,cat", "bare.jpg,", f"{long}.jpg,cat",
    )  # fmt: skip
    listing = list_table(table, tmp_path / "photos", MOST)
    assert told(listing.findings) == [
        ("missing", "gone.jpg"),
        ("label_conflict", "twice.jpg"),
        ("duplicate", "again.jpg"),
        ("unlabelled", "bare.jpg"),
        ("missing", f"{long}.jpg"),
        ("unlabelled", "unnamed.jpg"),
    ]
    assert [row.path.stem for row in listing.rows] == ["a", "again", "b", "twice"]
    assert not listing.multi_label


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/passwd", "", "a/../../b.jpg"])
def test_a_table_may_not_name_what_lies_outside(tmp_path: Path, name: str) -> None:
    make_files(tmp_path, "photos/a.jpg")
    with pytest.raises(DataError, match="is no file below"):
        list_table(written(tmp_path, "a.jpg,cat", f"{name},dog"), tmp_path / "photos", MOST)


@pytest.mark.parametrize(
    ("lines", "words"),
    [(("gone.jpg,cat",), "names no file that is in"), (("a.jpg,cat",) * 5, "has 5 lines, at most 4")],
)
def test_a_table_that_leads_nowhere_is_refused(tmp_path: Path, lines: tuple[str, ...], words: str) -> None:
    make_files(tmp_path, "photos/a.jpg")
    with pytest.raises(DataError, match=words):
        list_table(written(tmp_path, *lines), tmp_path / "photos", 4)
