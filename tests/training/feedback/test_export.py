"""Agreed feedback becomes a data folder: labels, sources and a table that the trainer reads; nothing is lost by it."""

from __future__ import annotations

import csv
import fcntl
from pathlib import Path

import pytest

from app.feedback.database import Database
from app.feedback.entry import ACCEPTED, REJECTED, WAITING
from app.feedback.limits import FeedbackLimits
from app.feedback.store import FeedbackStore
from tests.feedback.conftest import NOW, make_photo, make_statement
from tests.photos import draw_scene, encode
from training.cli import main
from training.data import read_data_folder
from training.feedback.export import TABLE
from training.table import read_label_table


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'feedback.db'}"


@pytest.fixture
def store(address: str) -> FeedbackStore:
    return FeedbackStore(Database(address, 5.0), FeedbackLimits(), lambda: NOW)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "photos"


def agree(store: FeedbackStore, labels: tuple[str, ...], margin: float = 0.0, state: str = ACCEPTED) -> str:
    """Something said and decided; its receipt."""
    seed = int(1000 * (margin + 1)) + len(labels)
    receipt = store.add(make_statement(labels=labels), make_photo(margin, encode(draw_scene(seed))))
    store.decide({entry.id: state for entry in store.entries(WAITING, 9)}, "alice")
    return receipt


def export(address: str, out: Path, *options: str) -> int:
    return main(["feedback", "export", "--out", str(out), "--database", address, *options])


def table(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((out / TABLE).read_text().splitlines()))


def photos(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*.jpg"))}


def test_agreed_photos_lie_in_the_folders_of_their_labels(address: str, store: FeedbackStore, out: Path) -> None:
    agree(store, ("sequoia",), -0.5)
    agree(store, ("yosemite",), 0.1)
    agree(store, (), 0.2)
    agree(store, ("yosemite",), 0.3, state=REJECTED)
    store.add(make_statement(), make_photo())
    assert export(address, out) == 0
    rows = read_data_folder(out)
    assert sorted(row.label for row in rows) == ["other", "sequoia", "yosemite"]
    assert {row.group for row in rows} == {"feedback-2027-01-15"}  # One day is one source: no split parts it.
    lines = table(out)
    assert {line["path"] for line in lines} == set(photos(out))
    assert {(line["reviewed_by"], line["looked_at_by"]) for line in lines} == {("alice", "parks-7")}
    assert len(read_label_table(out / TABLE, out, multi_label=False)) == 3


def test_the_same_command_again_adds_what_is_new_and_changes_nothing(
    address: str, store: FeedbackStore, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "sequoia").mkdir(parents=True)
    (out / "sequoia" / "anna-2024__01.jpg").write_bytes(b"a photo of Anna's")
    agree(store, ("sequoia",), -0.5)
    export(address, out)
    before = photos(out), (out / TABLE).read_bytes()
    export(address, out)
    assert (photos(out), (out / TABLE).read_bytes()) == before
    assert "0 photos are new" in capsys.readouterr().out
    agree(store, ("sequoia",), -0.4)
    export(address, out)
    assert len(photos(out)) == 3 and before[0].items() <= photos(out).items()


def test_the_most_informative_alone_are_those_of_the_lowest_margins(
    address: str, store: FeedbackStore, out: Path
) -> None:
    for margin in (0.9, -0.9, 0.5, -0.1):
        agree(store, ("sequoia",), margin)
    for _ in range(2):
        assert export(address, out, "--most", "2") == 0
        assert sorted(line["margin"] for line in table(out)) == ["-0.1000", "-0.9000"]


def test_photos_of_several_labels_come_by_the_table(
    address: str, store: FeedbackStore, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agree(store, ("ball", "cone"), 0.1)
    agree(store, (), 0.2)
    agree(store, ("cone",), 0.3)
    export(address, out / "single")
    assert "1 photos have several labels and are left out" in capsys.readouterr().out
    export(address, out / "multi", "--multi-label")
    rows = read_label_table(out / "multi" / TABLE, out / "multi", multi_label=True)
    assert sorted(row.several or () for row in rows) == [(), ("ball", "cone"), ("cone",)]


@pytest.mark.parametrize("removes", [True, False])
def test_what_is_withdrawn_since_is_named_and_taken_away_if_wanted(
    address: str, store: FeedbackStore, out: Path, capsys: pytest.CaptureFixture[str], removes: bool
) -> None:
    agree(store, ("sequoia",), 0.1)
    receipt = agree(store, ("yosemite",), 0.2)
    agree(store, ("yosemite",), 0.3)
    export(address, out)
    store.withdraw(receipt)
    second_thought = next(entry for entry in store.entries(ACCEPTED, 9) if entry.margin == 0.3)
    store.decide({second_thought.id: REJECTED}, "alice")
    export(address, out, *(["--remove-withdrawn"] if removes else []))
    assert capsys.readouterr().out.count("withdrawn: yosemite/feedback-") == 2
    assert len(photos(out)) == len(table(out)) == (1 if removes else 3)


def test_a_photo_that_somebody_put_in_the_place_of_one_is_never_touched(
    address: str, store: FeedbackStore, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt = agree(store, ("sequoia",))
    export(address, out)
    [name] = photos(out)
    (out / name).write_bytes(b"retouched")
    (out / TABLE).unlink()
    assert export(address, out) == 2
    assert "is there already and is another photo" in capsys.readouterr().err
    (out / name).unlink()
    export(address, out)
    (out / name).write_bytes(b"retouched")
    store.withdraw(receipt)
    export(address, out, "--remove-withdrawn")
    assert photos(out) == {name: b"retouched"}


def test_an_export_that_was_stopped_goes_on(address: str, store: FeedbackStore, out: Path) -> None:
    agree(store, ("sequoia",))
    export(address, out)
    table = (out / TABLE).read_bytes()
    (out / TABLE).unlink()  # As if it had been killed before its end.
    assert export(address, out) == 0
    assert (out / TABLE).read_bytes() == table


@pytest.mark.parametrize("label", ["../outside", ".hidden", "a/b", ".."])
def test_a_label_that_can_be_no_folder_is_refused(
    address: str, store: FeedbackStore, out: Path, capsys: pytest.CaptureFixture[str], label: str
) -> None:
    agree(store, (label,))
    assert export(address, out) == 2
    assert "can be no folder" in capsys.readouterr().err
    assert photos(out.parent) == {}


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "path,labels\n", '"'])
def test_a_table_that_is_not_ours_is_left_alone(address: str, store: FeedbackStore, out: Path, content: str) -> None:
    agree(store, ("sequoia",))
    out.mkdir()
    (out / TABLE).write_text(content)
    assert export(address, out) == 2
    assert (out / TABLE).read_text() == content


@pytest.mark.parametrize("database", ["", "off", "feedback.db", "sqlite:///not/there.db"])
def test_a_database_that_is_none_is_said_and_not_made(
    out: Path, capsys: pytest.CaptureFixture[str], database: str
) -> None:
    assert export(database, out) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert not out.exists()


def test_two_exports_do_not_meet(
    address: str, store: FeedbackStore, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agree(store, ("sequoia",))
    out.mkdir()
    with (out / ".feedback.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert export(address, out) == 2
    assert "Another export is at work" in capsys.readouterr().err


@pytest.mark.parametrize("most", ["0", "-1", "x", "²"])
def test_how_many_is_a_whole_number(address: str, out: Path, most: str) -> None:
    with pytest.raises(SystemExit):
        export(address, out, "--most", most)
