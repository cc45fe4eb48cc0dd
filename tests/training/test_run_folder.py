"""A run's folder: begun, gone on with, refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from training.errors import RunError
from training.run_folder import RUN, open_run, unfinished_version

IDENTITY = {"config": {"lr": 0.004, "sizes": ""}, "data_sha256": "abc"}


def begin(path: Path, *, command: str = "train", version: str = "1", **choices: Any) -> Path:
    about = {"command": command, "version": version}
    return open_run(path, choices.pop("identity", IDENTITY), about, **choices).path


def test_a_new_run_notes_what_it_was_asked_for(tmp_path: Path) -> None:
    path = begin(tmp_path / "runs" / "toy-1")
    text = (path / RUN).read_text()
    assert '"lr": 0.004' in text and '"started_at"' in text


def test_the_same_run_is_gone_on_with(tmp_path: Path) -> None:
    path = begin(tmp_path / "toy-1")
    (path / "checkpoint.pt").write_bytes(b"weights")
    begin(path)
    assert (path / "checkpoint.pt").exists()


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        (IDENTITY | {"config": {"lr": 0.002, "sizes": ""}}, "config.lr was 0.004, is 0.002"),
        (IDENTITY | {"data_sha256": "xyz"}, "data_sha256 was 'abc', is 'xyz'"),
        (IDENTITY | {"config": {"lr": 0.004}}, "config.sizes was '', is None"),
    ],
)
def test_another_run_is_refused_with_what_differs(tmp_path: Path, identity: dict[str, Any], words: str) -> None:
    path = begin(tmp_path / "toy-1")
    with pytest.raises(RunError, match=words):
        begin(path, identity=identity)


def test_fresh_takes_the_earlier_run_away(tmp_path: Path) -> None:
    path = begin(tmp_path / "toy-1")
    (path / "checkpoint.pt").write_bytes(b"weights")
    begin(path, identity={"data_sha256": "xyz"}, fresh=True)
    assert [file.name for file in path.iterdir()] == [RUN]


@pytest.mark.parametrize("fresh", [False, True])
def test_a_folder_of_something_else_is_never_touched(tmp_path: Path, fresh: bool) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match="is no run's folder"):
        begin(tmp_path, fresh=fresh)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert (begin(tmp_path) / RUN).exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="Give another --run-dir"):
        begin(tmp_path / "file" / "toy-1")


def test_the_same_command_finds_its_unfinished_run(tmp_path: Path) -> None:
    folders = [
        begin(tmp_path / version, command=f"train {kind}", version=version) for version, kind in ("1a", "2b", "3a")
    ]
    assert unfinished_version(folders, "train a") == "3"
    assert unfinished_version(folders, "train b") == "2"
    assert unfinished_version(folders, "train c") is None
    assert unfinished_version([tmp_path / "nothing"], "train a") is None


def test_a_finished_run_is_not_gone_on_with(tmp_path: Path) -> None:
    folder = open_run(tmp_path / "1", IDENTITY, {"command": "train", "version": "1"})
    folder.finish()
    assert unfinished_version([folder.path], "train") is None
