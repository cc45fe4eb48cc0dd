"""The manifest: written, read anywhere, and refused where an edit has made no sense of it."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.splitting.photo_rows import row
from training.data import PhotoRow
from training.errors import DataError
from training.splitting.manifest import COLUMNS, read_manifest, write_manifest

DATA = Path("photos")

ROWS = [
    row("cats/Zoë's trip, 2024__1.jpg", "train", joined="anna"),
    row("cats/ spaces __2.jpg", "valid"),
    replace(row("other/far/ben__1.jpg", "test"), stratum="other/far", licence='CC BY-SA 4.0, "as is"'),
]


def write(folder: Path, rows: list[PhotoRow] = ROWS) -> Path:
    write_manifest(folder / "m.csv", rows, DATA)
    return folder / "m.csv"


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert read_manifest(write(tmp_path), DATA, multi_label=False) == sorted(ROWS, key=lambda row: row.path)


def test_it_is_read_for_the_photos_wherever_they_are(tmp_path: Path) -> None:
    rows = read_manifest(write(tmp_path), Path("/elsewhere"), multi_label=False)
    assert [r.path.relative_to("/elsewhere") for r in rows] == sorted(r.path.relative_to(DATA) for r in ROWS)


def test_several_labels_or_none_are_kept(tmp_path: Path) -> None:
    both, none = (replace(ROWS[i], several=kind, label=";".join(kind)) for i, kind in enumerate([("ball", "cone"), ()]))
    rows = [replace(both, stratum="ball;cone"), replace(none, stratum="")]
    assert {*read_manifest(write(tmp_path, rows), DATA, multi_label=True)} == {*rows}


def test_the_order_of_its_rows_tells_nothing(tmp_path: Path) -> None:
    path = write(tmp_path)
    expected = read_manifest(path, DATA, multi_label=False)
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, *random.Random(1).sample(lines, len(lines))]) + "\n", encoding="utf-8")
    assert read_manifest(path, DATA, multi_label=False) == expected


def test_a_spreadsheet_program_may_have_saved_it(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(read_manifest(path, DATA, multi_label=False)) == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("valid", "validation", "its split is 'validation', not one of train, valid, test"),
        ("cats/ spaces __2.jpg", "/etc/passwd", "its path is not below the data folder"),
        ("cats/ spaces __2.jpg", "../x.jpg", "its path is not below the data folder"),
        ("cats/ spaces __2.jpg", "", "its path is not below the data folder"),
        (ROWS[1].sha256, ROWS[1].sha256[:-1], "its sha256 or perceptual_hash is not that many"),
        (f"{ROWS[1].perceptual_hash:016x}", "none", "its sha256 or perceptual_hash is not that many"),
        (", spaces ", ",", "its group or source is empty"),
        (".jpg,cats,", ".jpg,,", "it has no label"),
    ],
)
def test_a_row_without_sense_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = write(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=rf"m\.csv, line \d .*{words}"):
        read_manifest(path, DATA, multi_label=False)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_that_is_missing_is_named(tmp_path: Path, column: str) -> None:
    path = write(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace(column, "x", 1), encoding="utf-8")
    with pytest.raises(DataError, match=f"no column {column}"):
        read_manifest(path, DATA, multi_label=False)


def test_a_photo_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"names photos/cats/ spaces __2\.jpg 2 times"):
        read_manifest(write(tmp_path, [*ROWS, ROWS[1]]), DATA, multi_label=False)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"", b"path\n"])
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"m\.csv"):
        read_manifest(tmp_path / "m.csv", DATA, multi_label=False)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        write(tmp_path / "nowhere")
