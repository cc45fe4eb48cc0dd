"""What is kept, and what may be done with it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from app.errors import FeedbackFullError, ReceiptUnknownError
from app.feedback.database import Database
from app.feedback.entry import ACCEPTED, REJECTED, WAITING, Entry
from app.feedback.kept_photo import KeptPhoto
from app.feedback.limits import FeedbackLimits
from app.feedback.receipt import digest_of, new_receipt
from app.feedback.statement import Statement
from app.feedback.tables import FEEDBACK

_READ_AT_ONCE = 20
_MOST_INFORMATIVE_FIRST = (FEEDBACK.c.margin.asc().nulls_last(), FEEDBACK.c.id)


class FeedbackStore:
    """What visitors said. Every method is one transaction, and raises `FeedbackUnavailableError`, see `Database`.

    Thread safety: holds nothing but its database.
    """

    def __init__(self, database: Database, limits: FeedbackLimits, now: Callable[[], float] = time.time) -> None:
        """`now` gives seconds since 1970."""
        self._database = database
        self._limits = limits
        self._now = now

    def add(self, statement: Statement, photo: KeptPhoto | None) -> str:
        """Keeps it; the receipt. What was said before of the same prediction is replaced: a double tap is one entry.

        Raises:
            FeedbackFullError: as much is kept as may be.
        """
        receipt = new_receipt()
        with self._database.write() as connection:
            self._delete_old(connection)
            connection.execute(delete(FEEDBACK).where(FEEDBACK.c.prediction_id == statement.prediction_id))
            self._ensure_room(connection, photo)
            connection.execute(insert(FEEDBACK).values(self._row(statement, photo, receipt)))
        return receipt

    def withdraw(self, receipt: str) -> None:
        """Deletes what was kept under a receipt, its photo too.

        Raises:
            ReceiptUnknownError: nothing is.
        """
        with self._database.write() as connection:
            found = connection.execute(delete(FEEDBACK).where(FEEDBACK.c.receipt_sha256 == digest_of(receipt)))
            if found.rowcount == 0:
                raise ReceiptUnknownError(
                    "Nothing is kept under this receipt: it was mistyped, or what it was for is deleted already."
                )
        self._database.forget()

    def purge(self) -> int:
        """Deletes what is older than it may be; how many entries that were."""
        with self._database.write() as connection:
            n_deleted = self._delete_old(connection)
        if n_deleted:
            self._database.forget()
        return n_deleted

    def count(self, state: str) -> int:
        """How many entries are in a state."""
        with self._database.read() as connection:
            return int(connection.execute(_in(state, select(func.count()))).scalar_one())

    def entries(self, state: str, n: int, offset: int = 0) -> list[Entry]:
        """Some of the entries in a state, most informative first, those without a photo last."""
        query = _in(state, select(FEEDBACK)).order_by(*_MOST_INFORMATIVE_FIRST).limit(n).offset(offset)
        with self._database.read() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def decide(self, decisions: Mapping[str, str], reviewer: str) -> int:
        """Accepts or rejects entries, by their ids; how many there were. The photo of a rejected one is deleted."""
        n_decided = 0
        with self._database.write() as connection:
            for entry_id, state in decisions.items():
                values: dict[str, Any] = {"state": state, "reviewed_at": int(self._now()), "reviewed_by": reviewer}
                if state == REJECTED:
                    values |= {"photo": None, "photo_bytes": 0}
                n_decided += connection.execute(
                    update(FEEDBACK).where(FEEDBACK.c.id == entry_id).values(values)
                ).rowcount
        if REJECTED in decisions.values():
            self._database.forget()
        return n_decided

    def agreed(self) -> Iterator[Entry]:
        """Every accepted entry that has a photo and says what it shows, most informative first, a few in memory."""
        with self._database.read() as connection:
            query = _in(ACCEPTED, select(FEEDBACK)).where(FEEDBACK.c.photo.is_not(None), FEEDBACK.c.labels.is_not(None))
            query = query.order_by(*_MOST_INFORMATIVE_FIRST).execution_options(yield_per=_READ_AT_ONCE)
            yield from map(_entry, connection.execute(query))

    def accepted_ids(self) -> set[str]:
        """The ids of all that is accepted and kept."""
        with self._database.read() as connection:
            return set(connection.execute(_in(ACCEPTED, select(FEEDBACK.c.id))).scalars())

    def _row(self, statement: Statement, photo: KeptPhoto | None, receipt: str) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": uuid.uuid4().hex,
            "receipt_sha256": digest_of(receipt),
            "prediction_id": statement.prediction_id,
            "said_at": int(self._now()),
            "model_name": statement.model_name,
            "model_version": statement.model_version,
            "is_right": statement.is_right,
            "labels": None if statement.labels is None else json.dumps(statement.labels),
            "photo_bytes": 0,
            "state": WAITING,
        }
        if photo is not None:
            row |= {"photo": photo.jpeg, "photo_bytes": len(photo.jpeg), "looked_at_by": photo.looked_at_by}
            row |= {"verdict": photo.verdict, "margin": photo.margin, "probabilities": json.dumps(photo.probabilities)}
        return row

    def _delete_old(self, connection: Connection) -> int:
        oldest = int(self._now()) - self._limits.max_age_s
        return connection.execute(delete(FEEDBACK).where(FEEDBACK.c.said_at < oldest)).rowcount

    def _ensure_room(self, connection: Connection, photo: KeptPhoto | None) -> None:
        kept = select(func.count(), func.coalesce(func.sum(FEEDBACK.c.photo_bytes), 0)).select_from(FEEDBACK)
        n_entries, n_bytes = connection.execute(kept).one()
        if n_entries >= self._limits.max_feedback:
            raise FeedbackFullError("As much feedback is kept as this server may. Thank you; try again another day.")
        if photo is not None and n_bytes + len(photo.jpeg) > self._limits.max_feedback_bytes:
            raise FeedbackFullError("There is no room for more photos. Say it without the photo, or try another day.")


def _in(state: str, query: Any) -> Any:
    return query.select_from(FEEDBACK).where(FEEDBACK.c.state == state)


def _entry(row: Row[Any]) -> Entry:
    probabilities = json.loads(row.probabilities or "{}")
    return Entry(
        id=row.id,
        said_at=row.said_at,
        model_name=row.model_name,
        model_version=row.model_version,
        is_right=row.is_right,
        labels=None if row.labels is None else tuple(json.loads(row.labels)),
        photo=row.photo,
        looked_at_by=row.looked_at_by,
        verdict=row.verdict,
        probabilities=probabilities,
        margin=row.margin,
        state=row.state,
        reviewed_at=row.reviewed_at,
        reviewed_by=row.reviewed_by,
    )


def open_store(address: str, limits: FeedbackLimits) -> FeedbackStore:
    """The store at an address, see `Database`."""
    return FeedbackStore(Database(address, limits.max_feedback_s), limits)
