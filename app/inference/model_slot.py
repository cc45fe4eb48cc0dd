"""Where the served model is: a predictor, or the reason why there is none."""

from __future__ import annotations

import logging
from collections.abc import Callable

from app.errors import BundleError, ModelUnavailableError
from app.inference.predictor import Predictor

_log = logging.getLogger(__name__)


class ModelSlot:
    """Holds the predictor; a server whose bundle cannot be loaded runs on, not ready, and says so in its log.

    Thread safety: written once, at construction.
    """

    def __init__(self, load: Callable[[], Predictor]) -> None:
        """Loads and warms up the predictor; a `BundleError` is logged and kept."""
        self._predictor: Predictor | None = None
        try:
            predictor = load()
            predictor.warm_up()
            self._predictor = predictor
            _log.info("serving %s with %s", predictor.bundle.path.name, predictor.runtime.name)
        except BundleError as exc:
            _log.error("no model is served: %s", exc)

    @property
    def is_ready(self) -> bool:
        """Whether a model is loaded and has made a prediction."""
        return self._predictor is not None

    @property
    def predictor(self) -> Predictor:
        """The predictor.

        Raises:
            ModelUnavailableError: none could be loaded.
        """
        if self._predictor is None:
            raise ModelUnavailableError("No model is loaded; the operator finds the reason in the server's log.")
        return self._predictor
