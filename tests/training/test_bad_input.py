"""What people give a trainer by mistake: a clear word, and nothing left behind."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.photos import draw_data_folder
from training.cli import main
from training.data import read_data_folder
from training.splitting import manifest as manifest_module


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return draw_data_folder(tmp_path / "my photos", sources=4, photos=2)


def split(data: Path, *more: str) -> int:
    return main(["split", "--data", str(data), "--n-folds", "3", "--out", str(data.parent / "m.csv"), *more])


def refusal(data: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """What `split` says when it refuses; it leaves no file."""
    before = {*data.parent.iterdir()}
    assert split(data, *more) == 2
    assert {*data.parent.iterdir()} == before
    printed = capsys.readouterr().err
    assert printed.startswith("error: ") and printed.count("\n") == 1
    return printed


def test_an_empty_folder_is_told_what_to_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    assert "At least two folders with photos are needed" in refusal(tmp_path / "photos", capsys)


def test_one_label_alone_is_too_few(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(data / "cats")
    shutil.rmtree(data / "other")
    assert "photos of 1 label(s): dogs" in refusal(data, capsys)


def test_one_photo_of_a_label_is_too_few(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for photo in sorted((data / "cats").iterdir())[1:]:
        photo.unlink()
    assert "'cats' has no photo in " in refusal(data, capsys)


def test_photos_of_one_source_are_too_few(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = draw_data_folder(tmp_path / "photos", sources=1, photos=5)
    assert "Add photos of other sources" in refusal(data, capsys)


def test_letters_of_any_language_and_spaces_are_names(data: Path) -> None:
    (data / "cats").rename(data / "Äpfel, grüne; 'süß'")
    (data / "dogs").rename(data / "犬 と 猫")
    for number, photo in enumerate(sorted((data / "犬 と 猫").iterdir())):
        photo.rename(photo.with_name(f'Zoë "Z" 🐕 {number // 2}__{number}.JPG'))
    assert split(data) == 0
    assert split(data, "--out", str(data.parent / "again.csv")) == 0
    rows = manifest_module.read_manifest(data.parent / "m.csv", data, multi_label=False)
    assert {row.label for row in rows} == {"Äpfel, grüne; 'süß'", "犬 と 猫", "other"}
    assert all(row.path.is_file() for row in rows)


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_a_name_that_is_no_text_is_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = next((data / "cats").iterdir())
    photo.rename(photo.with_name(os.fsdecode(b"caf\xe9.jpg")))
    assert "is not UTF-8. Rename it" in refusal(data, capsys)


def test_links_in_circles_are_left_out_and_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "cats" / "round").symlink_to(data, target_is_directory=True)
    (data / "cats" / "itself.jpg").symlink_to("itself.jpg")
    (data / "cats" / "nowhere.jpg").symlink_to("gone.jpg")
    assert split(data) == 0
    out = capsys.readouterr().out
    assert "round: It is a link to a folder" in out
    assert "itself.jpg: It cannot be read: Too many levels of symbolic links" in out
    assert "nowhere.jpg: It cannot be read: No such file" in out
    assert "24 photos of 12 sources" in out


def test_a_link_to_a_photo_is_a_photo(data: Path, tmp_path: Path) -> None:
    photo = next((data / "cats").iterdir())
    (data / "cats" / "link__1.jpg").symlink_to(photo.rename(tmp_path / "elsewhere.jpg"))
    assert "link__1.jpg" in {row.path.name for row in read_data_folder(data)}


def test_empty_and_huge_files_are_left_out_and_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "cats" / "empty__1.jpg").write_bytes(b"")
    Image.new("1", (25_000, 20_000)).save(data / "dogs" / "huge__1.png")
    assert split(data) == 0
    out = capsys.readouterr().out
    assert "empty__1.jpg: It is empty: 0 bytes" in out
    assert "huge__1.png: The image has too many pixels" in out
    assert "24 photos of 12 sources" in out


def test_a_table_that_names_missing_photos_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = data.parent / "labels.csv"
    table.write_text("path,labels\ncats/gone.jpg,cat\ncats/cat-source-0__00.jpg,cat\nother/x.jpg,dog\n")
    printed = refusal(data, capsys, "--labels", str(table))
    assert f"2 photo(s) of {table} are not in {data}: cats/gone.jpg, other/x.jpg" in printed


def test_a_full_disk_leaves_no_half_manifest(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "cannot be written to" in refusal(data, capsys) and not (data.parent / "m.csv").exists()


def test_a_full_disk_anywhere_is_one_line(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "history.csv")

    monkeypatch.setattr("training.splitting.split.make_split", full)
    assert "No space left on device: 'history.csv'. Make room" in refusal(data, capsys)


def test_other_troubles_of_the_system_are_not_called_a_full_disk(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("training.splitting.split.make_split", broken)
    with pytest.raises(OSError, match="Input/output error"):
        split(data)


def test_ctrl_c_leaves_no_manifest(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.splitting.split.read_photo_facts", interrupted)
    assert split(data) == 130
    assert [path.name for path in data.parent.iterdir()] == [data.name]
    assert "stopped" in capsys.readouterr().err
