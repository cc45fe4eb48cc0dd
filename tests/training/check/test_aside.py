"""Suspects go aside and come back; nothing is deleted, nothing written over."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from training.check.aside import aside_of, move_aside, move_back
from training.check.findings import Finding
from training.check.ledger import LEDGER, append_move, read_ledger
from training.check.moving import move_file
from training.errors import CheckError

ODD = os.fsdecode(b'odd \xff, "name"\n.jpg')
NAMES = ("cats/a.jpg", "cats/deep/er/b.jpg", "dogs/a.jpg", f"dogs/{ODD}", "dogs/Bäume – 木.jpg")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in NAMES:
        path = tmp_path / "my photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))
    return tmp_path / "my photos"


def suspects(data: Path, *names: str, kind: str = "tiny") -> list[Finding]:
    return [Finding(kind, f"{name} is tiny.", (data / name,), (data / name,)) for name in names]


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_suspects_go_to_the_same_places_beside_the_data_and_come_back(data: Path) -> None:
    before, aside = contents(data), aside_of(data)
    moves = move_aside(suspects(data, *NAMES), data, aside)
    assert aside == data.with_name("my photos-aside")
    assert contents(data) == {} and {**contents(aside), LEDGER: b""} == {**before, LEDGER: b""}
    assert [move.came_from for move in moves] == list(NAMES) and read_ledger(aside) == moves
    assert move_back(data, aside) == (len(NAMES), [])
    assert contents(data) == before and not aside.exists()


def test_the_ledger_says_why(data: Path) -> None:
    move_aside(suspects(data, NAMES[0]), data, aside_of(data))
    [move] = read_ledger(aside_of(data))
    assert (move.kind, move.reason) == ("tiny", "cats/a.jpg is tiny.")
    assert move.moved_at.endswith("+00:00")


def test_only_suspects_go_and_each_once(data: Path) -> None:
    copies = Finding("duplicate", "Twice.", (data / NAMES[0], data / NAMES[2]), (data / NAMES[2],))
    moves = move_aside([copies, *suspects(data, NAMES[2])], data, aside_of(data))
    assert [(move.came_from, move.kind) for move in moves] == [(NAMES[2], "duplicate")]
    assert (data / NAMES[0]).exists()


def test_a_second_move_keeps_what_the_first_moved(data: Path) -> None:
    aside = aside_of(data)
    move_aside(suspects(data, NAMES[0]), data, aside)
    (data / NAMES[0]).write_bytes(b"a new one")
    [move] = move_aside(suspects(data, NAMES[0]), data, aside)
    assert move.went_to == "cats/a~2.jpg"
    assert (aside / "cats/a.jpg").read_bytes() == b"cats/a.jpg" and (
        aside / "cats/a~2.jpg"
    ).read_bytes() == b"a new one"


def test_what_has_taken_a_place_is_not_written_over_by_undoing(data: Path) -> None:
    aside = aside_of(data)
    move_aside(suspects(data, *NAMES[:2]), data, aside)
    (data / NAMES[0]).write_bytes(b"a new one")
    n_back, [said] = move_back(data, aside)
    assert n_back == 1 and "cats/a.jpg stays" in said
    assert (data / NAMES[0]).read_bytes() == b"a new one" and (aside / NAMES[0]).read_bytes() == b"cats/a.jpg"
    assert [move.came_from for move in read_ledger(aside)] == [NAMES[0]]
    (data / NAMES[0]).unlink()
    assert move_back(data, aside) == (1, [])


def test_a_ledger_that_was_ahead_of_its_move_does_no_harm(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, aside = contents(data), aside_of(data)

    def interrupted(source: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.check.aside.move_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        move_aside(suspects(data, NAMES[0]), data, aside)
    monkeypatch.undo()
    assert len(read_ledger(aside)) == 1
    assert move_back(data, aside) == (0, []) and contents(data) == before


def test_a_move_that_was_killed_half_way_is_undone(data: Path) -> None:
    before, aside = contents(data), aside_of(data)
    move_aside(suspects(data, *NAMES[:2]), data, aside)
    os.link(aside / NAMES[0], data / NAMES[0])
    assert move_back(data, aside) == (1, [])
    assert contents(data) == before and not aside.exists()


def test_a_file_that_is_gone_from_both_is_told(data: Path) -> None:
    aside = aside_of(data)
    move_aside(suspects(data, NAMES[0]), data, aside)
    (aside / NAMES[0]).unlink()
    assert move_back(data, aside) == (0, ["cats/a.jpg is in neither folder."])


def test_a_move_that_fails_says_what_was_moved_and_how_to_go_back(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, aside = contents(data), aside_of(data)

    def second_fails(source: Path, target: Path) -> None:
        if source.name == "b.jpg":
            raise OSError(errno.ENOSPC, "No space left on device")
        move_file(source, target)

    monkeypatch.setattr("training.check.aside.move_file", second_fails)
    with pytest.raises(CheckError, match=r"\(No space left on device\). 1 file\(s\) were moved before; --undo"):
        move_aside(suspects(data, *NAMES), data, aside)
    assert move_back(data, aside) == (1, []) and contents(data) == before


def test_a_disk_that_fills_while_the_ledger_is_written_leaves_no_half_line(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = aside_of(data)
    [move] = move_aside(suspects(data, NAMES[0]), data, aside)
    before = (aside / LEDGER).read_bytes()

    def half(file: object, line: bytes) -> None:
        file.write(line[:5])  # type: ignore[attr-defined]
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("training.check.ledger._write_all", half)
    with pytest.raises(OSError, match="No space"):
        append_move(aside, move)
    assert (aside / LEDGER).read_bytes() == before


@pytest.mark.parametrize("inside", [".", "cats", "aside"])
def test_the_folder_aside_may_not_lie_in_the_data(data: Path, inside: str) -> None:
    with pytest.raises(CheckError, match="one lies in the other"):
        aside_of(data, data / inside)
    with pytest.raises(CheckError, match="one lies in the other"):
        aside_of(data, data.parent)


def test_another_folder_aside_may_be_given(data: Path, tmp_path: Path) -> None:
    assert aside_of(data, tmp_path / "elsewhere") == tmp_path / "elsewhere"


@pytest.mark.parametrize(
    ("ledger", "words"),
    [
        (None, "nothing was moved there"),
        ("no,ledger\n1,2\n", "cannot be read as a ledger"),
        ("came_from,went_to,kind,reason,moved_at\n../../x,a,k,r,t\n", "is no place below a folder"),
        ("came_from,went_to,kind,reason,moved_at\na,/etc/passwd,k,r,t\n", "is no place below a folder"),
    ],
)
def test_a_ledger_without_sense_is_refused(data: Path, ledger: str | None, words: str) -> None:
    aside = aside_of(data)
    aside.mkdir()
    if ledger:
        (aside / LEDGER).write_text(ledger)
    with pytest.raises(CheckError, match=words):
        move_back(data, aside)
