"""The service both faces call. It loads the store, and with it SQLAlchemy, when it is first needed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from app.errors import FeedbackUnavailableError
from app.feedback.kept_photo import look_at
from app.feedback.limits import FeedbackLimits
from app.feedback.statement import Statement, settled_labels
from app.inference.predictor import Predictor

if TYPE_CHECKING:
    from app.feedback.store import FeedbackStore

_PURGE_EVERY_S = 3600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    """What a visitor is told: the receipt, whether a photo is kept, and the last day on which it all is."""

    receipt: str
    has_photo: bool
    until: date


class Feedback:
    """Takes what visitors say, and gives it back.

    Thread safety: `_lock` guards the making of `_store`, and `_purge_at`.
    """

    def __init__(self, address: str, limits: FeedbackLimits) -> None:
        """`address`: see `Database`. Nothing is opened before it is needed."""
        self.limits = limits
        self._address = address
        self._store: FeedbackStore | None = None
        self._lock = threading.Lock()
        self._purge_at = 0.0

    @property
    def store(self) -> FeedbackStore:
        """The store.

        Raises:
            FeedbackUnavailableError: its address has no sense.
        """
        with self._lock:
            if self._store is None:
                from app.feedback.store import open_store

                self._store = open_store(self._address, self.limits)
            return self._store

    def keep(
        self, said: Statement, image_bytes: bytes | None, predictor: Predictor, ensure_wanted: Callable[[], None]
    ) -> Kept:
        """Keeps what was said; and the photo, if there is one: its sender has consented.

        Raises:
            LabelsRefusedError: its labels are not the model's.
            PhotoError, BusyError: see `Predictor.predict`.
            FeedbackFullError, FeedbackUnavailableError: see the store.
        """
        labels = settled_labels(said.labels, predictor.bundle.card)
        side_px = self.limits.max_feedback_px
        photo = None if image_bytes is None else look_at(image_bytes, labels, predictor, side_px, ensure_wanted)
        receipt = self.store.add(replace(said, labels=labels), photo)
        until = datetime.now(UTC).date() + timedelta(days=self.limits.max_feedback_days)
        return Kept(receipt, photo is not None, until)

    def is_purge_due(self) -> bool:
        """Once an hour, and at the first time: True for one of those who ask."""
        with self._lock:
            is_due = time.monotonic() >= self._purge_at
            if is_due:
                self._purge_at = time.monotonic() + _PURGE_EVERY_S
            return is_due

    def purge(self) -> None:
        """Deletes what is older than it may be; what keeps it from that is in the log."""
        try:
            n_deleted = self.store.purge()
        except FeedbackUnavailableError:
            return
        if n_deleted:
            _log.info("%d entries of feedback were too old and are deleted", n_deleted)
