"""Reading a table of photos and their labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.test_data import hashed, make_files
from training.data import data_digest
from training.errors import DataError
from training.table import read_label_table

ANIMALS = "path,labels\na.jpg,dog\nb.jpg,cat;dog\nc.jpg,cat|dog|bird\nd.jpg,\n"


def write_table(folder: Path, text: str) -> tuple[Path, Path]:
    """A table, and a data folder with the photos a, b, c and d."""
    make_files(folder / "photos", "a.jpg", "b.jpg", "c.jpg", "d.jpg", "trip/anna__1.jpg", "trip/anna__2.jpg")
    table = folder / "labels.csv"
    table.write_bytes(text.encode())
    return table, folder / "photos"


def test_a_photo_has_the_labels_its_line_gives(tmp_path: Path) -> None:
    rows = read_label_table(*write_table(tmp_path, ANIMALS), multi_label=True)
    assert [row.labels for row in rows] == [("dog",), ("cat", "dog"), ("bird", "cat", "dog"), ()]


def test_photos_of_the_same_labels_are_one_stratum(tmp_path: Path) -> None:
    text = "path,labels\na.jpg,cat;dog\nb.jpg,dog | cat\nc.jpg,bird\n"
    first, second, third = read_label_table(*write_table(tmp_path, text), multi_label=True)
    assert first.stratum == second.stratum != third.stratum


def test_a_table_may_give_one_label_a_photo(tmp_path: Path) -> None:
    text = "path,labels,note\na.jpg,cat,x\nb.jpg,dog,y\n"
    rows = read_label_table(*write_table(tmp_path, text), multi_label=False)
    assert [(row.label, row.labels) for row in rows] == [("cat", ("cat",)), ("dog", ("dog",))]


def test_the_source_is_the_name_before_two_underscores(tmp_path: Path) -> None:
    text = "path,labels\ntrip/anna__1.jpg,cat\ntrip/anna__2.jpg,dog\na.jpg,dog\n"
    rows = read_label_table(*write_table(tmp_path, text), multi_label=True)
    assert [row.group for row in rows] == ["a.jpg", "anna", "anna"]


def test_the_folder_of_a_photo_is_its_stratum_if_it_is_one_of_its_label(tmp_path: Path) -> None:
    text = "path,labels\ntrip/anna__1.jpg,trip\ntrip/anna__2.jpg,dog\na.jpg,a.jpg\n"
    rows = read_label_table(*write_table(tmp_path, text), multi_label=False)
    assert [row.stratum for row in rows] == ["a.jpg", "trip", "dog"]


def test_a_table_of_a_spreadsheet_program_is_read(tmp_path: Path) -> None:
    text = "\ufeffpath,labels\r\na.jpg,cat\r\nb.jpg,dog\r\n"
    assert len(read_label_table(*write_table(tmp_path, text), multi_label=False)) == 2


def test_other_labels_are_another_digest(tmp_path: Path) -> None:
    table, data = write_table(tmp_path, ANIMALS)
    before = data_digest(hashed(read_label_table(table, data, multi_label=True)), data)
    table.write_text(ANIMALS.replace("cat;dog", "cat"))
    assert data_digest(hashed(read_label_table(table, data, multi_label=True)), data) != before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column path and labels"),
        ("path,label\na.jpg,cat\n", "no column labels"),
        ("path,labels\n", "photos of 0 label"),
        ("path,labels\na.jpg,cat\nb.jpg,cat\n", "gives every photo the label cat"),
        ("path,labels\na.jpg,cat\nx.jpg,dog\n", r"1 photo\(s\) of .* are not in .*: x\.jpg"),
        ("path,labels\na.jpg,cat\na.jpg,dog\n", "names a.jpg 2 times"),
        ("path,labels\na.jpg,cat\n../labels.csv,dog\n", "lies outside"),
        ("path,labels\na.jpg,cat\n/etc/passwd,dog\n", "lies outside"),
        ("path,labels\na.jpg,cat\n,dog\n", "are not in"),
    ],
)
def test_a_table_without_sense_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_label_table(*write_table(tmp_path, text), multi_label=True)


@pytest.mark.parametrize("labels", ["", "cat;dog"])
def test_several_labels_or_none_are_refused_where_one_is_meant(tmp_path: Path, labels: str) -> None:
    text = f"path,labels\na.jpg,cat\nb.jpg,dog\nc.jpg,{labels}\n"
    with pytest.raises(DataError, match=r"c\.jpg has \d labels, not one\. Is --multi-label meant"):
        read_label_table(*write_table(tmp_path, text), multi_label=False)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_label_table(tmp_path / "nothing.csv", tmp_path, multi_label=True)


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_label_table(tmp_path / "labels.csv", tmp_path, multi_label=True)
