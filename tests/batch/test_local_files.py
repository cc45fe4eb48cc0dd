"""Files of this machine: which are found, and that nothing hangs or hides."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.batch.errors import SourceError, UnreadableError
from app.batch.local_files import read_local, walk_local


def names(root: Path, skip: Path | None = None) -> list[str]:
    return sorted(os.path.relpath(path, root) for path in walk_local(str(root), str(skip or "")))


def test_every_file_is_found_but_hidden_ones_and_the_table(tmp_path: Path) -> None:
    for name in ("a.jpg", "sub/deep/b.txt", ".hidden.jpg", ".cache/c.jpg", "verdicts.parquet/part-000001.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path, tmp_path / "verdicts.parquet") == ["a.jpg", "sub/deep/b.txt"]


def test_a_photo_is_found_as_itself(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert list(walk_local(str(tmp_path / "a.jpg"), "")) == [str(tmp_path / "a.jpg")]


def test_a_link_to_a_folder_is_not_followed_and_not_kept_silent(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    assert names(tmp_path) == ["sub/loop"]
    with pytest.raises(UnreadableError, match="a link to one"):
        read_local(str(tmp_path / "sub" / "loop"), 10)


def test_a_folder_that_cannot_be_listed_is_found_as_if_it_were_a_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def guarded(folder: str) -> object:
        if folder.endswith("closed"):
            raise PermissionError(13, "Permission denied", folder)
        return scandir(folder)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", guarded)
        assert names(tmp_path) == ["closed"]
        with pytest.raises(SourceError, match="cannot be listed: Permission denied"):
            list(walk_local(str(tmp_path / "closed"), ""))


def test_a_pipe_is_no_photo_and_holds_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert names(tmp_path) == ["pipe.jpg"]
    with pytest.raises(UnreadableError, match="not a file"):
        read_local(str(tmp_path / "pipe.jpg"), 10)


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="No such file"):
        read_local(str(tmp_path / "gone.jpg"), 10)


@pytest.mark.parametrize(("n_bytes", "read"), [(9, 9), (10, 10), (11, 10)])
def test_no_more_is_read_than_asked(tmp_path: Path, n_bytes: int, read: int) -> None:
    (tmp_path / "a.jpg").write_bytes(bytes(n_bytes))
    assert len(read_local(str(tmp_path / "a.jpg"), 10)) == read
