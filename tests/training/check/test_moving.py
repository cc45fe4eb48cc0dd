"""Moving one file: nothing is written over, nothing is lost."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from training.check.moving import move_file


@pytest.fixture(params=["links", "no links"])
def _links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With hard links, and where the two places are on different file systems."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    if request.param == "no links":
        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("_links")
def test_a_file_is_moved_with_its_time_and_rights(tmp_path: Path) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "new" / "folder" / "a.jpg"
    source.write_bytes(b"photo")
    source.chmod(0o640)
    os.utime(source, (1e9, 1e9))
    move_file(source, target)
    assert not source.exists() and target.read_bytes() == b"photo"
    assert (target.stat().st_mode & 0o777, target.stat().st_mtime) == (0o640, 1e9)


@pytest.mark.usefixtures("_links")
def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_bytes(b"photo")
    target.write_bytes(b"another")
    with pytest.raises(FileExistsError):
        move_file(source, target)
    assert (source.read_bytes(), target.read_bytes()) == (b"photo", b"another")


@pytest.mark.usefixtures("_links")
def test_a_link_is_moved_as_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("nowhere")
    move_file(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert not (tmp_path / "a.jpg").is_symlink() and (tmp_path / "b.jpg").readlink() == Path("nowhere")


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_half_a_copy_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    def fill(original: object, copy: object) -> None:
        copy.write(b"ph")  # type: ignore[attr-defined]
        raise failure

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr("training.check.moving.shutil.copyfileobj", fill)
    (tmp_path / "a.jpg").write_bytes(b"photo")
    with pytest.raises(type(failure)):
        move_file(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_a_file_that_cannot_be_taken_away_is_in_one_place_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_bytes(b"photo")
    unlink = Path.unlink

    def guarded(self: Path, missing_ok: bool = False) -> None:
        if self == source:
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", guarded)
    with pytest.raises(PermissionError):
        move_file(source, target)
    assert source.exists() and not target.exists()
