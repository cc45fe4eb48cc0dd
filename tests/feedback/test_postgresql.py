"""The store in a real PostgreSQL: what it does in SQLite, and what a server that comes and goes does to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, inspect

from app.errors import FeedbackUnavailableError
from app.feedback.database import Database
from app.feedback.entry import WAITING
from app.feedback.limits import FeedbackLimits
from app.feedback.store import FeedbackStore
from app.feedback.tables import FEEDBACK
from tests.e2e.postgresql import PostgreSQL, running_postgresql
from tests.feedback.conftest import make_photo, make_statement
from tests.feedback.test_store import (  # noqa: F401  The same tests, with the address of this module.
    test_a_receipt_deletes_what_it_is_for_and_nothing_else,
    test_a_receipt_that_is_none_deletes_nothing,
    test_a_replaced_entry_counts_no_more,
    test_agreed_is_what_is_accepted_with_a_photo_and_a_label,
    test_entries_are_taken_up_to_the_limit,
    test_labels_unknown_none_and_several_are_told_apart,
    test_photos_are_taken_up_to_the_limit_in_bytes,
    test_saying_it_again_replaces_what_was_said_and_its_receipt,
    test_saying_something_deletes_what_is_too_old,
    test_taps_at_the_same_moment_are_one_entry,
    test_the_most_informative_come_first_and_those_without_a_photo_last,
    test_what_is_said_comes_back_as_it_was,
)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    with running_postgresql() as server:
        yield server


@pytest.fixture
def address(postgresql: PostgreSQL) -> str:
    return postgresql.new_database()


def test_the_steps_make_the_table_as_the_queries_have_it(address: str, store: FeedbackStore) -> None:
    store.add(make_statement(), None)
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
    found = {column["name"]: column for column in inspect(engine).get_columns("feedback")}
    engine.dispose()
    assert [(name, found[name]["nullable"]) for name in found] == [(row.name, row.nullable) for row in FEEDBACK.columns]


def test_many_servers_that_start_at_once_make_one_schema(address: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    stores = [FeedbackStore(Database(address, 20.0), FeedbackLimits(max_feedback=20)) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda store: store.add(make_statement(), make_photo()), stores))
    assert stores[0].count(WAITING) == 8


def test_a_server_that_crashes_loses_nothing_and_is_found_again(
    postgresql: PostgreSQL, store: FeedbackStore, caplog: pytest.LogCaptureFixture
) -> None:
    receipt = store.add(make_statement(), make_photo())
    postgresql.stop("immediate")
    with pytest.raises(FeedbackUnavailableError):
        store.add(make_statement(), None)
    postgresql.start()
    store.add(make_statement(), None)
    assert store.count(WAITING) == 2
    store.withdraw(receipt)
    assert "secret" not in caplog.text


def test_a_wrong_password_is_said_in_the_log_without_it(address: str, caplog: pytest.LogCaptureFixture) -> None:
    store = FeedbackStore(Database(address.replace(":secret@", ":hunter2@"), 5.0), FeedbackLimits())
    with pytest.raises(FeedbackUnavailableError):
        store.add(make_statement(), None)
    assert "password authentication failed" in caplog.text
    assert "hunter2" not in caplog.text


def test_who_holds_the_table_is_waited_for_no_longer_than_the_limit(address: str, store: FeedbackStore) -> None:
    import psycopg

    store.add(make_statement(), None)
    hasty = FeedbackStore(Database(address, 0.2), FeedbackLimits())
    with psycopg.connect(address) as other:
        other.execute("LOCK TABLE feedback")
        with pytest.raises(FeedbackUnavailableError):
            hasty.add(make_statement(), None)
        other.rollback()
    hasty.add(make_statement(), None)
