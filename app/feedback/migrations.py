"""The schema's history: each function is applied once, in this order, and its name is noted in the database.

Alembic was measured and left: 11 MB and a folder of its own, for what this is in a page. A new step goes to the end,
and none is ever changed; `tables` says what they all make together, which a test compares.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection, text

from app.errors import FeedbackUnavailableError

_BLOB = {"sqlite": "BLOB", "postgresql": "BYTEA"}


def m001_initial(connection: Connection) -> None:
    """What is said, the photo, and what an operator decided."""
    blob = _BLOB[connection.dialect.name]
    connection.execute(
        text(f"""
        CREATE TABLE feedback (
            id VARCHAR(32) NOT NULL PRIMARY KEY,
            receipt_sha256 VARCHAR(64) NOT NULL UNIQUE,
            prediction_id VARCHAR(32) NOT NULL UNIQUE,
            said_at BIGINT NOT NULL,
            model_name VARCHAR(100) NOT NULL,
            model_version VARCHAR(100) NOT NULL,
            is_right BOOLEAN NOT NULL,
            labels TEXT,
            photo {blob},
            photo_bytes INTEGER NOT NULL,
            looked_at_by VARCHAR(201),
            verdict VARCHAR(16),
            probabilities TEXT,
            margin FLOAT,
            state VARCHAR(16) NOT NULL,
            reviewed_at BIGINT,
            reviewed_by VARCHAR(64)
        )""")
    )
    for name, columns in (("bytes", "photo_bytes"), ("said_at", "said_at"), ("state", "state, margin")):
        connection.execute(text(f"CREATE INDEX feedback_{name} ON feedback ({columns})"))


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (m001_initial,)


def migrate(connection: Connection) -> None:
    """Brings the database up to date, within the transaction of the connection.

    Raises:
        FeedbackUnavailableError: a newer release has been there.
    """
    connection.execute(
        text(
            "CREATE TABLE IF NOT EXISTS feedback_migrations (name VARCHAR(64) PRIMARY KEY, applied_at BIGINT NOT NULL)"
        )
    )
    applied = set(connection.execute(text("SELECT name FROM feedback_migrations")).scalars())
    unknown = sorted(applied - {step.__name__ for step in MIGRATIONS})
    if unknown:
        raise FeedbackUnavailableError(f"The database of feedback is of a newer release: it has {unknown[0]}.")
    note = text("INSERT INTO feedback_migrations (name, applied_at) VALUES (:name, :applied_at)")
    for step in MIGRATIONS:
        if step.__name__ not in applied:
            step(connection)
            connection.execute(note, {"name": step.__name__, "applied_at": int(time.time())})
