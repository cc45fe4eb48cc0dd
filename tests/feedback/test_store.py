"""What is kept, for how long, in which order; and that what is deleted is nowhere any more."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.errors import FeedbackFullError, FeedbackUnavailableError, ReceiptUnknownError
from app.feedback.entry import ACCEPTED, REJECTED, WAITING
from app.feedback.receipt import new_receipt
from app.feedback.store import FeedbackStore
from tests.feedback.conftest import NOW, Clock, MakeStore, make_photo, make_statement

DAY_S = 86_400
SECRET = b"what the visitor's photo shows " * 3000  # Longer than a page of the database.


def on_disk(file: Path) -> bytes:
    """All that lies in the database's files."""
    return b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))


def test_what_is_said_comes_back_as_it_was(store: FeedbackStore) -> None:
    store.add(make_statement(prediction_id="a" * 32, labels=("sequoia",)), make_photo())
    [entry] = store.entries(WAITING, 10)
    assert (entry.model_name, entry.model_version, entry.is_right, entry.labels) == ("parks", "7", False, ("sequoia",))
    assert (entry.photo, entry.verdict, entry.margin, entry.looked_at_by) == (b"a photo", "match", -0.5, "parks-7")
    assert (entry.probabilities, entry.said_at, entry.state) == ({"yosemite": 0.75, "sequoia": 0.25}, NOW, WAITING)
    assert (entry.reviewed_at, entry.reviewed_by) == (None, None)


@pytest.mark.parametrize("labels", [None, (), ("sequoia", "yosemite")])
def test_labels_unknown_none_and_several_are_told_apart(store: FeedbackStore, labels: tuple[str, ...] | None) -> None:
    store.add(make_statement(labels=labels), None)
    assert store.entries(WAITING, 1)[0].labels == labels


def test_a_receipt_deletes_what_it_is_for_and_nothing_else(store: FeedbackStore) -> None:
    receipts = [store.add(make_statement(), make_photo(jpeg=bytes([n]))) for n in range(3)]
    store.withdraw(receipts[1])
    assert {entry.photo for entry in store.entries(WAITING, 9)} == {b"\0", b"\2"}
    with pytest.raises(ReceiptUnknownError):
        store.withdraw(receipts[1])


@pytest.mark.parametrize(
    "receipt",
    ["", "%", "_" * 43, "' OR 1=1 --", "é" * 43, "a" * 5000, "\0", pytest.param(new_receipt(), id="another")],
)
def test_a_receipt_that_is_none_deletes_nothing(store: FeedbackStore, receipt: str) -> None:
    store.add(make_statement(), None)
    with pytest.raises(ReceiptUnknownError):
        store.withdraw(receipt)
    assert store.count(WAITING) == 1


def test_the_file_holds_no_receipt(store: FeedbackStore, database_file: Path) -> None:
    receipt = store.add(make_statement(), None)
    assert receipt.encode() not in on_disk(database_file)


def test_a_deleted_photo_is_in_no_file(store: FeedbackStore, database_file: Path) -> None:
    receipt = store.add(make_statement(), make_photo(jpeg=SECRET))
    assert b"visitor's photo" in on_disk(database_file)
    store.withdraw(receipt)
    assert b"visitor's photo" not in on_disk(database_file)


def test_a_deleted_photo_is_in_no_file_even_while_others_have_it_open(
    store: FeedbackStore, database_file: Path
) -> None:
    """The last connection to close tidies up; here another never closes."""
    receipt = store.add(make_statement(), make_photo(jpeg=SECRET))
    other = sqlite3.connect(database_file)
    assert other.execute("SELECT count(*) FROM feedback").fetchone() == (1,)
    store.withdraw(receipt)
    assert b"visitor's photo" not in on_disk(database_file)
    other.close()


def test_nobody_else_on_the_machine_reads_the_file(store: FeedbackStore, database_file: Path) -> None:
    store.add(make_statement(), None)
    other = sqlite3.connect(database_file)
    other.execute("SELECT * FROM feedback").fetchall()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in database_file.parent.glob("feedback.db*")}
    assert modes == {0o600}
    other.close()


def test_saying_it_again_replaces_what_was_said_and_its_receipt(store: FeedbackStore) -> None:
    first = store.add(make_statement(prediction_id="a" * 32, labels=("sequoia",)), make_photo())
    second = store.add(make_statement(prediction_id="a" * 32, labels=("yosemite",)), None)
    [entry] = store.entries(WAITING, 9)
    assert (entry.labels, entry.photo) == (("yosemite",), None)
    with pytest.raises(ReceiptUnknownError):
        store.withdraw(first)
    store.withdraw(second)


def test_taps_at_the_same_moment_are_one_entry(store: FeedbackStore) -> None:
    said = make_statement()
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: store.add(said, make_photo()), range(24)))
    assert store.count(WAITING) == 1
    assert len(set(receipts)) == 24


@pytest.mark.parametrize(("n_kept", "is_taken"), [(1, True), (2, True), (3, False)])
def test_entries_are_taken_up_to_the_limit(make_store: MakeStore, n_kept: int, is_taken: bool) -> None:
    store = make_store(max_feedback=3)
    for _ in range(n_kept):
        store.add(make_statement(), None)
    if is_taken:
        store.add(make_statement(), None)
    else:
        with pytest.raises(FeedbackFullError):
            store.add(make_statement(), None)
    assert store.count(WAITING) == min(3, n_kept + 1)


@pytest.mark.parametrize(("n_bytes", "is_taken"), [(599, True), (600, True), (601, False)])
def test_photos_are_taken_up_to_the_limit_in_bytes(make_store: MakeStore, n_bytes: int, is_taken: bool) -> None:
    store = make_store(max_feedback_bytes=1000)
    store.add(make_statement(), make_photo(jpeg=bytes(400)))
    if is_taken:
        store.add(make_statement(), make_photo(jpeg=bytes(n_bytes)))
    else:
        with pytest.raises(FeedbackFullError):
            store.add(make_statement(), make_photo(jpeg=bytes(n_bytes)))
        store.add(make_statement(), None)  # Words always fit.


def test_a_replaced_entry_counts_no_more(make_store: MakeStore) -> None:
    store = make_store(max_feedback=1, max_feedback_bytes=10)
    for _ in range(3):
        store.add(make_statement(prediction_id="b" * 32), make_photo(jpeg=bytes(10)))
    assert store.count(WAITING) == 1


@pytest.mark.parametrize(("age_s", "is_there"), [(2 * DAY_S - 1, True), (2 * DAY_S, True), (2 * DAY_S + 1, False)])
def test_what_is_too_old_is_deleted(
    make_store: MakeStore, clock: Clock, database_file: Path, age_s: int, is_there: bool
) -> None:
    store = make_store(max_feedback_days=2)
    store.add(make_statement(), make_photo(jpeg=SECRET))
    clock.now += age_s
    assert store.purge() == (0 if is_there else 1)
    assert (b"visitor's photo" in on_disk(database_file)) is is_there


def test_saying_something_deletes_what_is_too_old(make_store: MakeStore, clock: Clock) -> None:
    store = make_store(max_feedback_days=1, max_feedback=1)
    store.add(make_statement(), None)
    clock.now += DAY_S + 1
    store.add(make_statement(), None)
    assert store.count(WAITING) == 1


def test_the_most_informative_come_first_and_those_without_a_photo_last(store: FeedbackStore) -> None:
    store.add(make_statement(), None)
    for margin in (0.9, -0.9, 0.1, -0.2):
        store.add(make_statement(), make_photo(margin))
    assert [entry.margin for entry in store.entries(WAITING, 9)] == [-0.9, -0.2, 0.1, 0.9, None]
    assert [entry.margin for entry in store.entries(WAITING, 2, offset=2)] == [0.1, 0.9]


def test_a_decision_says_who_made_it_and_when(store: FeedbackStore, clock: Clock, database_file: Path) -> None:
    for margin in (-0.9, -0.8, -0.7):
        store.add(make_statement(), make_photo(margin, jpeg=b"of the rejected" if margin == -0.8 else SECRET))
    first, second, _ = store.entries(WAITING, 9)
    clock.now += 60
    assert store.decide({first.id: ACCEPTED, second.id: REJECTED, "0" * 32: ACCEPTED}, "alice") == 2
    [accepted], [rejected] = store.entries(ACCEPTED, 9), store.entries(REJECTED, 9)
    assert (accepted.id, accepted.reviewed_by, accepted.reviewed_at) == (first.id, "alice", NOW + 60)
    assert (rejected.id, rejected.photo, accepted.photo) == (second.id, None, SECRET)
    assert store.count(WAITING) == 1
    assert b"of the rejected" not in on_disk(database_file)


def test_agreed_is_what_is_accepted_with_a_photo_and_a_label(store: FeedbackStore) -> None:
    store.add(make_statement(), None)
    store.add(make_statement(labels=None), make_photo())
    for n in range(50):
        store.add(make_statement(), make_photo(margin=-n / 100, jpeg=bytes([n])))
    store.decide({entry.id: ACCEPTED for entry in store.entries(WAITING, 99)}, "alice")
    store.add(make_statement(), make_photo())
    assert [entry.photo for entry in store.agreed()] == [bytes([n]) for n in reversed(range(50))]


def test_a_file_that_is_no_database_is_said_to_be_away_and_stays_as_it_is(
    store: FeedbackStore, database_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database_file.write_bytes(b"my diary, not a database" * 1000)
    for _ in range(2):
        with pytest.raises(FeedbackUnavailableError, match="Nothing of it was stored"):
            store.add(make_statement(), None)
    assert database_file.read_bytes() == b"my diary, not a database" * 1000
    assert "file is not a database" in caplog.text


def test_a_folder_that_is_not_there_is_said_once_it_is_needed_and_found_when_it_comes(
    make_store: MakeStore, database_file: Path
) -> None:
    folder = database_file.parent
    folder.rename(folder.with_name("away"))
    store = make_store()
    with pytest.raises(FeedbackUnavailableError):
        store.add(make_statement(), None)
    folder.with_name("away").rename(folder)
    store.add(make_statement(), None)


def test_a_full_disk_loses_nothing_and_is_said(
    store: FeedbackStore, database_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLite itself says that there is no room, by a limit that stands for the disk's."""
    from sqlalchemy import event

    store.add(make_statement(), make_photo())
    engine = store._database._engine
    event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA max_page_count=20").fetchall())
    with pytest.raises(FeedbackUnavailableError):
        store.add(make_statement(), make_photo(jpeg=bytes(1_000_000)))
    assert "disk is full" in caplog.text
    assert store.count(WAITING) == 1


def test_what_a_visitor_says_is_in_no_log(
    store: FeedbackStore, database_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    store.add(make_statement(), None)
    with sqlite3.connect(database_file) as other:
        other.execute("DROP TABLE feedback")
    with pytest.raises(FeedbackUnavailableError):
        store.add(make_statement(labels=("my-secret",)), make_photo(jpeg=b"my-secret"))
    assert "no such table" in caplog.text
    assert "my-secret" not in caplog.text


def test_a_database_of_a_newer_release_is_left_alone(
    store: FeedbackStore, make_store: MakeStore, database_file: Path
) -> None:
    store.add(make_statement(), None)
    with sqlite3.connect(database_file) as other:
        other.execute("INSERT INTO feedback_migrations VALUES ('m999_future', 0)")
    with pytest.raises(FeedbackUnavailableError, match="newer release"):
        make_store().add(make_statement(), None)


def test_a_locked_database_is_waited_for_no_longer_than_the_limit(database_file: Path, store: FeedbackStore) -> None:
    from app.feedback.database import Database
    from app.feedback.limits import FeedbackLimits

    store.add(make_statement(), None)
    hasty = FeedbackStore(Database(f"sqlite:///{database_file}", 0.1), FeedbackLimits())
    other = sqlite3.connect(database_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(FeedbackUnavailableError):
        hasty.add(make_statement(), None)
    other.execute("ROLLBACK")
    other.close()
    hasty.add(make_statement(), None)
