"""The model of a page: one for a request from its beginning to its end, whatever is promoted meanwhile."""

from __future__ import annotations

from flask import g

from app.inference.model_slot import ModelSlot
from app.inference.predictor import Predictor


def served_by(slot: ModelSlot) -> Predictor:
    """The slot's predictor, as this request met it first.

    Raises:
        ModelUnavailableError: there was none.
    """
    if "predictor" not in g:
        g.predictor = slot.predictor
    predictor: Predictor = g.predictor
    return predictor
