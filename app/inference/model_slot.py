"""Where the served model is: a predictor, or the reason why there is none."""

from __future__ import annotations

import logging
from collections.abc import Callable

from app.errors import BundleError, ModelUnavailableError, UnavailableError, WhichParkError
from app.inference.network import LOST
from app.inference.predictor import Predictor

_log = logging.getLogger(__name__)


class ModelSlot:
    """Holds the predictor; a server whose bundle cannot be loaded runs on, not ready, and says so in its log.

    Once something is served, it stays until something better is loaded and has made a prediction.

    Thread safety: one thread at a time calls `refresh`. It puts a new predictor in place in one step; whoever has taken
    the one before goes on with that, and the last who does frees it.
    """

    def __init__(self, load: Callable[[], Predictor], state: Callable[[], object] = lambda: None) -> None:
        """Loads and warms up the predictor; a `BundleError` is logged and kept.

        Args:
            state: of what `load` reads: something that is unequal to what it was when that has changed.
        """
        self._load = load
        self._state = state
        self._predictor: Predictor | None = None
        self._refused: str | None = None
        self._told = ""
        self._seen = state()
        self._reload()

    def refresh(self) -> bool:
        """Loads again if what it loads has changed, or the network has ended; whether it has.

        Raises:
            Exception: whatever no bundle should cause, a bug or the want of memory; what was served is so on.
        """
        seen = self._state()
        if seen == self._seen and not self.is_lost:
            return False
        self._seen = seen  # Seen before it is read: what changes meanwhile is a change again.
        self._reload()
        return True

    @property
    def is_loaded(self) -> bool:
        """Whether a model is loaded and has made a prediction."""
        return self._predictor is not None

    @property
    def is_lost(self) -> bool:
        """Whether the loaded model's network has ended; the next `refresh` loads it anew."""
        return self._predictor is not None and self._predictor.network.is_lost

    @property
    def refused(self) -> str | None:
        """Why the bundle that is to be served is not, as the code of an error; None when it is."""
        return self._refused

    @property
    def predictor(self) -> Predictor:
        """The predictor.

        Raises:
            ModelUnavailableError: none could be loaded.
        """
        if self._predictor is None:
            raise ModelUnavailableError(
                f"No model is loaded ({self._refused}); the operator finds the reason in the server's log."
            )
        return self._predictor

    def ensure_ready(self) -> Predictor:
        """The predictor, whose network is there.

        Raises:
            ModelUnavailableError: none could be loaded, or its network has ended and is not loaded again yet.
        """
        if self.is_lost:
            raise ModelUnavailableError(LOST)
        return self.predictor

    def _reload(self) -> None:
        try:
            predictor = self._load()
            predictor.warm_up()
        except BundleError as exc:
            self._refuse(exc)
        except UnavailableError as exc:
            self._refuse(exc)
            self._seen = object()  # Nothing is wrong with the bundle: the next look tries again.
        except Exception:
            self._refused = WhichParkError.code
            raise
        else:
            self._predictor, self._refused, self._told = predictor, None, ""
            _log.info("serving %s with %s", predictor.bundle.path.name, predictor.network.name)

    def _refuse(self, error: WhichParkError) -> None:
        """Keeps the code, and not the error, whose traceback would keep what was loaded so far."""
        self._refused, told_before, self._told = error.code, self._told, str(error)
        if self._told == told_before:
            return
        if self._predictor is None:
            _log.error("no model is served: %s", error)
        elif self.is_lost:
            _log.error("the network has ended and cannot be loaded anew: %s", error)
        else:
            _log.error("%s is served on, the new bundle is refused: %s", self._predictor.bundle.path.name, error)
