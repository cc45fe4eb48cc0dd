"""The thread that looks whether another bundle is to be served."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable

from app.inference.model_slot import ModelSlot
from app.inference.predictor import Predictor
from app.ops.memory import trim_memory
from app.ops.metrics.catalogue import LOADS, MODEL, REFUSED_BUNDLE
from app.ops.metrics.tally import Tally

_log = logging.getLogger(__name__)


def count_load(tally: Tally, slot: ModelSlot) -> None:
    """Counts what a slot has just tried to load, and shows what it serves and what it refuses."""
    tally.count(LOADS, slot.refused or "ok")
    tally.clear(MODEL)
    tally.clear(REFUSED_BUNDLE)
    if slot.is_loaded and not slot.is_lost:
        card = slot.predictor.bundle.card
        tally.put(MODEL, 1.0, card.name, card.version, slot.predictor.network.name)
    if slot.refused:
        tally.put(REFUSED_BUNDLE, 1.0, slot.refused)


class ModelWatch:
    """Has a slot refreshed every so many seconds, by a thread of its own, and gives the memory of old models back.

    Loading takes a core for a moment, never a thread that answers. A process ends without waiting for it.

    Thread safety: `look` is the thread's alone once it is started.
    """

    def __init__(self, slot: ModelSlot, every_s: float, told: Callable[[], None] = lambda: None) -> None:
        """`told` is called after each change."""
        self._slot = slot
        self._every_s = every_s
        self._told = told
        self._retired: weakref.ref[Predictor] | None = None
        self._ended = threading.Event()

    def start(self) -> None:
        """From now on."""
        threading.Thread(target=self._run, name="model-watch", daemon=True).start()

    def stop(self) -> None:
        """No look begins any more."""
        self._ended.set()

    def look(self) -> None:
        """Once."""
        before = self._slot.predictor if self._slot.is_loaded else None
        try:
            is_changed = self._slot.refresh()
        except Exception:  # What was served is so on, and its operator has a traceback.
            _log.exception("the new bundle cannot be loaded")
            is_changed = True
        if is_changed:
            self._told()
        if before is not None and before is not self._slot.predictor:
            self._retired = weakref.ref(before)
        del before
        self._give_back()

    def _give_back(self) -> None:
        """Once nobody holds the old model any more."""
        if self._retired is not None and self._retired() is None:
            self._retired = None
            trim_memory()

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            self.look()
