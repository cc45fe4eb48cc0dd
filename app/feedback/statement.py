"""What somebody says of a prediction, out of JSON or a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import LabelsRefusedError, MalformedRequestError
from app.vision.card import Card, is_plain_name

PREDICTION_ID = r"^[0-9a-f]{32}$"
# Far above any name; it keeps an entry small.
MAX_NAME_CHARS = 100
MAX_LABELS = 1_000


@dataclass(frozen=True)
class Statement:
    """`labels` are what the photo really shows: none of them where it is empty, None where nobody says.

    `prediction_id`, `model_name` and `model_version` are as the client gives them: they are not proven, and nothing is
    decided by them.
    """

    prediction_id: str
    model_name: str
    model_version: str
    is_right: bool
    labels: tuple[str, ...] | None


def parse_statement(prediction_id: Any, model: Any, is_right: Any, labels: Any) -> Statement:
    """The statement of values that a client sent.

    Args:
        model: `{"name": …, "version": …}`, as an answer has it.
        labels: a list of slugs, or None.
    Raises:
        MalformedRequestError: one of them has no sense.
    """
    if not (isinstance(prediction_id, str) and re.fullmatch(PREDICTION_ID, prediction_id)):
        raise MalformedRequestError("prediction_id must be that of an answer: 32 letters and digits, from 0 to f.")
    named = isinstance(model, Mapping) and set(model) == {"name", "version"}
    if not named or not all(is_plain_name(value) and len(value) <= MAX_NAME_CHARS for value in model.values()):
        raise MalformedRequestError('model must be that of an answer: {"name": "…", "version": "…"}.')
    if not isinstance(is_right, bool):
        raise MalformedRequestError("right must be true or false.")
    return Statement(prediction_id, model["name"], model["version"], is_right, _parse_labels(labels))


def _parse_labels(labels: Any) -> tuple[str, ...] | None:
    if labels is None:
        return None
    if not isinstance(labels, list) or len(labels) > MAX_LABELS or not all(isinstance(row, str) for row in labels):
        raise MalformedRequestError(f"labels must be a list of slugs, at most {MAX_LABELS}; leave it out if unknown.")
    return tuple(dict.fromkeys(labels))


def settled_labels(labels: tuple[str, ...] | None, card: Card) -> tuple[str, ...] | None:
    """The labels as the model of this card has them, in its order; "none of these" by its name, if it has one.

    Raises:
        LabelsRefusedError: one is none of the model's, or they are several where a photo has one.
    """
    if labels is None:
        return None
    if any(label not in card.vocab for label in labels):
        raise LabelsRefusedError(f"The labels must be of the model that is served: {', '.join(card.vocab)}.")
    if card.task == "single_label" and len(labels) > 1:
        raise LabelsRefusedError("A photo has one label with this model. Send the one that fits best.")
    if not labels and card.other_label is not None:
        return (card.other_label,)
    return tuple(label for label in card.vocab if label in labels)
