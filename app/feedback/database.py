"""The database: SQLite or PostgreSQL, and the one boundary at which its errors become ours."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from app.errors import FeedbackUnavailableError
from app.feedback.migrations import migrate

SQLITE = "sqlite:///"
_AWAY = "Feedback cannot be kept right now. Nothing of it was stored; try again later."
# Any number that nothing else in the database locks.
_WRITERS_TURN = 4_017_311
_READS = "which_park_reads"

_log = logging.getLogger(__name__)


class Database:
    """Short transactions, one connection each: feedback is rare, and a file or a server that was away is found again.

    Writers take turns, those of other processes too (SQLite: BEGIN IMMEDIATE; PostgreSQL: an advisory lock), so that
    what is counted is still so when it is written. What was committed is on the disk (SQLite: WAL, synchronous=FULL).

    Thread safety: any number of threads. `_lock` guards `_is_open`.
    """

    def __init__(self, address: str, max_wait_s: float) -> None:
        """Does not connect. `address` is `sqlite:///FILE` or `postgresql://…`.

        Raises:
            FeedbackUnavailableError: the address has no sense to SQLAlchemy.
        """
        self._file = Path(address.removeprefix(SQLITE)) if address.startswith(SQLITE) else None
        try:
            self._engine = _sqlite(self._file, max_wait_s) if self._file else _postgresql(address, max_wait_s)
        except ArgumentError as exc:  # It may repeat the address, which may hold a password.
            raise FeedbackUnavailableError("The address of the database of feedback has no sense.") from exc
        self._reading = self._engine.execution_options(**{_READS: True})
        self._lock = threading.Lock()
        self._is_open = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database.

        Raises:
            FeedbackUnavailableError: it is away.
        """
        with _in_our_words():
            self._open()
            with self._reading.begin() as connection:
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at its end, and undone by any error.

        Raises:
            FeedbackUnavailableError: the database is away, cannot be written, or has no room.
        """
        with _in_our_words():
            self._open()
            with self._engine.begin() as connection:
                yield connection

    def forget(self) -> None:
        """After something was deleted: what SQLite's log of writes still holds of it is overwritten.

        Not while others read; then it is the next time, or when the last connection closes.
        """
        if self._file is not None:
            with _in_our_words(), self._engine.connect() as connection:
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _open(self) -> None:
        """Makes the file, and brings the schema up to date, once."""
        with self._lock:
            if self._is_open:
                return
            if self._file is not None:
                _make_private(self._file)
            with self._engine.begin() as connection:
                migrate(connection)
            self._is_open = True
            _log.info("feedback is kept in %s", self._engine.dialect.name)


def _sqlite(file: Path, max_wait_s: float) -> Engine:
    """Transactions are begun by us, not by the driver: see SQLAlchemy's documentation of pysqlite, "Serializable
    isolation / Savepoints / Transactional DDL"."""
    url = URL.create("sqlite", database=str(file))
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": max_wait_s})

    @event.listens_for(engine, "connect")
    def set_up(driver: Any, _record: Any) -> None:
        driver.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            driver.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READS, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _postgresql(address: str, max_wait_s: float) -> Engine:
    wait_ms = math.ceil(1000 * max_wait_s)
    arguments = {
        "connect_timeout": max(2, math.ceil(max_wait_s)),  # libpq takes no less.
        "tcp_user_timeout": wait_ms,
        "options": f"-c statement_timeout={wait_ms} -c lock_timeout={wait_ms}",
    }
    url = make_url(address).set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=arguments)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get(_READS, False):
            connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _WRITERS_TURN})

    return engine


def _make_private(file: Path) -> None:
    """A file that nobody else on the machine reads; SQLite gives its others (-wal, -shm) the same mode."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as exc:
        reason = exc.orig if isinstance(exc, DBAPIError) else exc  # Without the statement.
        _log.error("feedback cannot be kept: %s", " ".join(str(reason).split()))
        raise FeedbackUnavailableError(_AWAY) from exc
