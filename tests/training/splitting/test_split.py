"""`python -m training split`, and the splits that are read from what it has written."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.photos import draw_data_folder, draw_scene, encode
from training.cli import main
from training.config import TrainConfig
from training.errors import DataError, LeakError
from training.splitting import split as module
from training.splitting.manifest import COLUMNS
from training.splitting.split import make_split, read_split

CONFIG = TrainConfig(n_folds=3, seed=1)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Cats, dogs and other/far, of four sources each; a dog's source has a cat's photo, made smaller."""
    folder = draw_data_folder(tmp_path / "photos", sources=4, photos=2)
    scene = draw_scene(5, (320, 240))
    (folder / "cats" / "cat-source-0__large.png").write_bytes(encode(scene, "PNG"))
    (folder / "dogs" / "dog-source-3__small.jpg").write_bytes(encode(scene.resize((200, 150)), quality=70))
    return folder


@pytest.fixture
def manifest(data: Path, tmp_path: Path) -> Path:
    path = tmp_path / "manifest.csv"
    assert main(["split", "--data", str(data), "--n-folds", "3", "--seed", "1", "--out", str(path)]) == 0
    return path


def lines_of(manifest: Path) -> list[dict[str, str]]:
    with manifest.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def edit(manifest: Path, name: str, **cells: str) -> None:
    """Changes the cells of the row whose path ends so."""
    lines = lines_of(manifest)
    [line] = [line for line in lines if line["path"].endswith(name)]
    line |= cells
    with manifest.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(lines)


def test_near_duplicates_keep_their_sources_in_one_split(data: Path, manifest: Path) -> None:
    by_name = {Path(line["path"]).stem: line for line in lines_of(manifest)}
    first, second = by_name["cat-source-0__large"], by_name["dog-source-3__small"]
    assert first["group"] == second["group"] == by_name["dog-source-3__00"]["group"] == "cat-source-0"
    assert len({line["split"] for line in by_name.values() if line["group"] == "cat-source-0"}) == 1
    assert len({line["group"] for line in by_name.values()}) == 11


def test_it_says_what_is_in_which_split(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "new.csv"
    assert main(["split", "--data", str(data), "--n-folds", "3", "--out", str(manifest)]) == 0
    out = capsys.readouterr().out
    assert "26 photos of 12 sources in 11 groups: train " in out
    assert f"wrote {manifest}" in out


def test_a_manifest_is_read_as_the_split_it_was_made_of(data: Path, manifest: Path, tmp_path: Path) -> None:
    made = make_split(data, None, CONFIG)
    assert read_split(manifest, data, CONFIG) == made
    moved = Path(shutil.copytree(data, tmp_path / "elsewhere" / "photos"))
    read = read_split(manifest, moved, CONFIG)
    assert [(r.path.relative_to(moved), r.split, r.group) for r in read] == [
        (r.path.relative_to(data), r.split, r.group) for r in made
    ]


def test_the_same_command_writes_the_same_bytes(data: Path, manifest: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.csv"
    assert main(["split", "--data", str(data), "--n-folds", "3", "--seed", "1", "--out", str(again)]) == 0
    assert again.read_bytes() == manifest.read_bytes()


@pytest.mark.parametrize("kept", ["the group", "group and source changed, too"])
def test_an_edit_that_leaks_is_refused_with_both_photos_named(
    data: Path, manifest: Path, capsys: pytest.CaptureFixture[str], kept: str
) -> None:
    split = next(line["split"] for line in lines_of(manifest) if line["path"].endswith("dog-source-3__small.jpg"))
    cells = {"split": "test" if split != "test" else "valid"}
    if kept != "the group":
        cells |= {"group": "mine", "source": "mine"}
    edit(manifest, "dog-source-3__small.jpg", **cells)
    with pytest.raises(LeakError, match=r"cat-source-0__large\.png .* and .*dog-source-3__small\.jpg .* look the same"):
        read_split(manifest, data, CONFIG)
    command = ["train", "--data", str(data), "--manifest", str(manifest), "--weights", "none"]
    assert main([*command, "--out", str(data.parent / "models"), "--run-dir", str(data.parent / "run")]) == 2
    assert "dog-source-3__small.jpg" in capsys.readouterr().err
    assert not (data.parent / "run").exists()


def test_an_edit_that_does_not_leak_is_heeded(data: Path, manifest: Path) -> None:
    for line in lines_of(manifest):
        if line["source"] == "oth-source-1":
            edit(manifest, Path(line["path"]).name, labels="cats", split="train")
    rows = {row.path.name: row for row in read_split(manifest, data, CONFIG)}
    assert (rows["oth-source-1__00.jpg"].label, rows["oth-source-1__00.jpg"].stratum) == ("cats", "cats")


def test_missing_photos_are_named(data: Path, manifest: Path) -> None:
    (data / "cats" / "cat-source-1__00.jpg").unlink()
    with pytest.raises(DataError, match=r"1 photo\(s\) \(.*cat-source-1__00\.jpg\) of .* not there"):
        read_split(manifest, data, CONFIG)


def test_changed_photos_are_named(data: Path, manifest: Path, photo: bytes) -> None:
    (data / "cats" / "cat-source-1__00.jpg").write_bytes(photo)
    with pytest.raises(DataError, match=r"1 photo\(s\) \(.*cat-source-1__00\.jpg\) of .* changed since"):
        read_split(manifest, data, CONFIG)


def test_a_perceptual_hash_that_is_not_the_photos_is_named(data: Path, manifest: Path) -> None:
    [line] = [line for line in lines_of(manifest) if line["path"].endswith("cat-source-1__00.jpg")]
    edit(manifest, "cat-source-1__00.jpg", perceptual_hash=f"{int(line['perceptual_hash'], 16) ^ 0b111111:016x}")
    assert read_split(manifest, data, CONFIG)  # 6 bits: what another decoder may make of it.
    edit(manifest, "cat-source-1__00.jpg", perceptual_hash=f"{int(line['perceptual_hash'], 16) ^ 0b1111111:016x}")
    with pytest.raises(DataError, match=r"cat-source-1__00\.jpg\) of .* another perceptual hash"):
        read_split(manifest, data, CONFIG)


def test_a_photo_that_does_not_open_here_is_named(data: Path, manifest: Path) -> None:
    photo = data / "cats" / "cat-source-1__00.jpg"
    photo.write_bytes(b"something")
    edit(manifest, photo.name, sha256=hashlib.sha256(b"something").hexdigest())
    with pytest.raises(DataError, match=r"cat-source-1__00\.jpg\) of .* cannot be opened"):
        read_split(manifest, data, CONFIG)


def test_a_split_that_lacks_a_label_is_refused(data: Path, manifest: Path) -> None:
    for line in lines_of(manifest):
        if line["labels"] == "other":
            edit(manifest, Path(line["path"]).name, split="train")
    with pytest.raises(DataError, match="'other' has no photo in valid, test"):
        read_split(manifest, data, CONFIG)


def test_many_photos_are_read_by_several_processes(data: Path, manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = read_split(manifest, data, CONFIG)
    monkeypatch.setattr(module, "_FEW", 1)
    assert read_split(manifest, data, CONFIG) == few == make_split(data, None, CONFIG)


def test_photos_without_structure_do_not_join(tmp_path: Path) -> None:
    data = draw_data_folder(tmp_path / "photos", sources=3, photos=1)
    for red, label in enumerate(("cats", "dogs")):
        for source in range(3):
            flat = Image.new("RGB", (60, 40), (100 * red, 40 * source, 0))
            flat.save(data / label / f"{label[:3]}-source-{source}__flat.png")
    assert len({row.group for row in make_split(data, None, CONFIG)}) == 9


@pytest.mark.parametrize("table", ["attribution.csv", "SOURCES.csv"])
def test_licences_are_those_of_the_table_in_the_folder(data: Path, table: str) -> None:
    (data / table).write_text("file,licence\ncats/cat-source-1__00.jpg,CC BY 4.0\nnowhere.jpg,PD\n", encoding="utf-8")
    licences = {row.path.name: row.licence for row in make_split(data, None, CONFIG)}
    assert licences["cat-source-1__00.jpg"] == "CC BY 4.0"
    assert {*licences.values()} == {"", "CC BY 4.0"}


def test_a_table_without_licences_is_noted(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "SOURCES.csv").write_text("photo,from\na,b\n", encoding="utf-8")
    assert {row.licence for row in make_split(data, None, CONFIG)} == {""}
    assert "SOURCES.csv tells no licences: it has no column 'file'" in capsys.readouterr().out


def test_an_earlier_manifest_is_not_overwritten(data: Path, manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = manifest.read_bytes()
    assert main(["split", "--data", str(data), "--out", str(manifest)]) == 2
    assert "manifest.csv is there already" in capsys.readouterr().err
    assert manifest.read_bytes() == before


def test_a_place_in_no_folder_is_refused_at_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["split", "--data", str(data), "--out", str(data / "nowhere" / "m.csv")]) == 2
    assert "cannot be written" in capsys.readouterr().err
