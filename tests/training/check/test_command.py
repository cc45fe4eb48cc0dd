"""`python -m training check`, whole: what it says, what it writes, how it ends."""

from __future__ import annotations

import csv
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.photos import draw_scene, encode
from tests.training.check.test_photo_facts import png_of_size
from training.check.kinds import KIND_NAMES
from training.cli import main

# What a folder of few, small, drawn photos is not to be blamed for.
EASY = ["--workers", "0", "--min-photos", "1", "--min-sources", "1", "--min-side-px", "32"]


def draw_clean(folder: Path, *, each: int = 3) -> Path:
    """Cats and dogs, every photo another one."""
    for seed in range(2 * each):
        path = folder / ("cats", "dogs")[seed % 2] / f"source-{seed}__1.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(draw_scene(seed)))
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return draw_clean(tmp_path / "my photos")


def check(data: Path, *arguments: str) -> int:
    return main(["check", "--data", str(data), "--report", str(data.parent / "check.html"), *EASY, *arguments])


def kinds_in(table: Path) -> set[str]:
    with table.open(encoding="utf-8") as file:
        return {line["kind"] for line in csv.DictReader(file)}


def spoil(data: Path) -> set[str]:
    """Every kind of trouble that needs no model and no table; the kinds."""
    cats, dogs = data / "cats", data / "dogs"
    shutil.copy(cats / "source-0__1.jpg", cats / "copy.jpg")
    shutil.copy(cats / "source-2__1.jpg", dogs / "conflict.jpg")
    draw_scene(4).resize((120, 90)).save(cats / "near.jpg")
    draw_scene(3).resize((120, 90)).save(cats / "near-conflict.jpg")
    draw_scene(20, (60, 20)).save(cats / "tiny.jpg")
    Image.new("RGB", (80, 80), (200, 10, 10)).save(cats / "blank.png")
    (cats / "png.jpg").write_bytes(encode(draw_scene(21), "PNG"))
    (cats / "half.jpg").write_bytes(encode(draw_scene(22))[:900])
    (cats / "empty.jpg").touch()
    (cats / "page.jpg").write_text("<html>not found</html>")
    (cats / "huge.png").write_bytes(png_of_size(20_000, 25_000))
    (cats / "round").symlink_to(data)
    (data / "stray.jpg").write_bytes(encode(draw_scene(23)))
    (data / "few").mkdir()
    (data / "few" / "empty.jpg").touch()
    return {*KIND_NAMES} - {"missing", "few_labels", "wrong_label", "outlier"}


def test_a_clean_folder_is_0(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(data) == 0
    printed = capsys.readouterr().out
    assert "6 of 6 files can be trained on; 2 labels, 6 sources." in printed and "nothing found" in printed
    assert "Nothing was found" in (data.parent / "check.html").read_text(encoding="utf-8")


def test_every_kind_of_trouble_is_found_and_is_1(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kinds, table = spoil(data), data.parent / "findings.csv"
    assert check(data, "--csv", str(table)) == 1
    assert kinds_in(table) == kinds
    printed, page = capsys.readouterr().out, (data.parent / "check.html").read_text(encoding="utf-8")
    assert all(f"({kind})" in printed and f'id="{kind}"' in page for kind in kinds)


def test_kinds_that_are_ignored_are_not_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "cats" / "empty.jpg").touch()
    assert check(data) == 1
    assert check(data, "--ignore", "empty") == 0
    assert "nothing found" in capsys.readouterr().out


def test_moved_suspects_leave_a_clean_folder_and_come_back(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in sorted(data.rglob("*.jpg"))}
    for name in ("empty.jpg", "Bäume & <b>.jpg"):
        (data / "dogs" / name).touch()
    assert check(data, "--fix", "move") == 1
    assert "moved 2 file(s)" in capsys.readouterr().out
    assert (data.parent / "my photos-aside" / "dogs" / "Bäume & <b>.jpg").exists()
    assert check(data) == 0
    assert main(["check", "--data", str(data), "--undo"]) == 0
    assert (data / "dogs" / "empty.jpg").exists() and not (data.parent / "my photos-aside").exists()
    assert all(path.read_bytes() == content for path, content in before.items())


def test_only_the_kinds_asked_for_are_moved(data: Path) -> None:
    (data / "dogs" / "empty.jpg").touch()
    draw_scene(4).resize((120, 90)).save(data / "cats" / "near.jpg")
    assert check(data, "--fix", "move", "--kinds", "near_duplicate") == 1
    assert (data / "dogs" / "empty.jpg").exists() and not (data / "cats" / "near.jpg").exists()


def test_an_undo_that_leaves_a_photo_aside_is_1(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "dogs" / "empty.jpg").touch()
    check(data, "--fix", "move")
    (data / "dogs" / "empty.jpg").write_bytes(b"another")
    assert main(["check", "--data", str(data), "--undo"]) == 1
    assert "dogs/empty.jpg stays in" in capsys.readouterr().out


def test_a_table_is_checked_and_written_anew_without_what_was_moved(data: Path) -> None:
    table = data.parent / "table.csv"
    (data / "cats" / "empty.jpg").touch()
    lines = ["path,labels,by", "cats/source-0__1.jpg,cat;pet,anna", "dogs/source-1__1.jpg,dog,ben"]
    table.write_text("\n".join([*lines, "cats/empty.jpg,cat,", "cats/gone.jpg,cat,"]) + "\n")
    findings = data.parent / "findings.csv"
    assert check(data, "--labels", str(table), "--csv", str(findings), "--fix", "move") == 1
    assert {"missing", "empty", "unlabelled"} <= kinds_in(findings)
    rest = data.parent / "my photos-aside" / "table.csv"
    assert rest.read_text().splitlines() == [*lines, "cats/gone.jpg,cat,"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "nowhere"], "nowhere is not a folder"),
        (["--data", "empty"], "one folder of photos per label"),
        (["--data", "my photos", "--labels", "nowhere.csv"], "cannot be read as a table"),
        (["--data", "my photos", "--bundle", "nowhere"], "There is no bundle at nowhere"),
        (["--data", "my photos", "--min-photos", "0"], "--min-photos must be at least 1, got 0"),
        (["--data", "my photos", "--workers", "-1"], "--workers must be from 0 to 256, got -1"),
        (["--data", "my photos", "--workers", "257"], "--workers must be from 0 to 256, got 257"),
        (["--data", "my photos", "--aside", "my photos/x"], "one lies in the other"),
        (["--data", "my photos", "--undo"], "nothing was moved there"),
        (["--data", "my photos", "--workers", "0", "--report", "empty"], "empty cannot be written (Is a directory)"),
    ],
)
def test_what_cannot_be_done_is_2_and_says_why(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(data.parent)
    Path("empty").mkdir()
    assert main(["check", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.rpartition("error: ")[2].count("\n") == 1 and words in error


def test_one_label_alone_is_a_finding_and_the_rest_is_looked_at(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(data / "dogs")
    (data / "cats" / "empty.jpg").touch()
    assert check(data) == 1
    printed = capsys.readouterr().out
    assert "1 label(s): cats. At least 2 is needed to train." in printed and "(empty)" in printed


def test_names_that_would_harm_a_terminal_or_a_page_are_shown_plainly(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("<script>alert(1)<", "\x1b[31mred", os.fsdecode(b"\xff")):
        (data / "cats" / f"{name}.jpg").touch()
    assert check(data) == 1
    printed, page = capsys.readouterr().out, (data.parent / "check.html").read_text(encoding="utf-8")
    assert "cats/\\x1b[31mred.jpg" in printed and "cats/\\udcff.jpg" in printed
    assert "\x1b" not in printed + page and "<script" not in page and "\\udcff" in page


def limit_file_size() -> None:
    """A disk that is full after 5 kB, as far as this process is concerned."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))


def test_a_full_disk_leaves_no_half_page(data: Path) -> None:
    report = data.parent / "pages" / "check.html"
    (data / "cats" / "empty.jpg").touch()
    command = [sys.executable, "-m", "training", "check", "--data", str(data), "--report", str(report), *EASY]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, preexec_fn=limit_file_size, check=False
    )
    assert done.returncode == 2 and "(empty)" in done.stdout
    assert f"error: {report} cannot be written (File too large); nothing half-written is left." in done.stderr
    assert list(report.parent.iterdir()) == []


def test_ctrl_c_writes_nothing_and_says_what_to_do(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.check.run.read_photo_facts", interrupted)
    assert check(data) == 130
    assert "stopped" in capsys.readouterr().err and not (data.parent / "check.html").exists()


def test_the_page_needs_nothing_from_elsewhere_and_shows_photos(data: Path) -> None:
    spoil(data)
    check(data)
    page = (data.parent / "check.html").read_text(encoding="utf-8")
    assert "http:" not in page and "https:" not in page and "<script" not in page
    assert page.count("data:image/jpeg;base64,") >= 8


@pytest.mark.parametrize(("limit", "n_shown"), [(4, 3), (3, 3), (2, 2)])
def test_the_page_shows_so_many_findings_of_a_kind(data: Path, limit: int, n_shown: int) -> None:
    for number in range(3):
        (data / "cats" / f"empty-{number}.jpg").touch()
    check(data, "--max-shown", str(limit))
    page = (data.parent / "check.html").read_text(encoding="utf-8")
    assert page.count("It is empty: 0 bytes.") == n_shown
    assert ("And 1 more" in page) is (limit == 2)


def test_photos_are_read_by_as_many_processes_as_there_are_cores_unless_told_otherwise(data: Path) -> None:
    (data / "cats" / "half.jpg").write_bytes(encode(draw_scene(22))[:900])
    report = data.parent / "check.html"
    easy = EASY[2:]
    assert main(["check", "--data", str(data), "--report", str(report), *easy]) == 1
    assert "half.jpg" in report.read_text(encoding="utf-8")


def test_an_unknown_kind_is_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        check(data, "--ignore", "tiny,odd")
    assert "odd: no such kind; there are missing, " in capsys.readouterr().err
