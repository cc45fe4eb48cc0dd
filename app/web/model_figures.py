"""Figures out of a card's metrics, as far as they are there: cards of other releases and tasks lack some."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A share of 0 to 1 with its 95 % interval; `count` of `of` photos, where it is such a share."""

    value: float
    low: float
    high: float
    count: int | None = None
    of: int | None = None


@dataclass(frozen=True)
class Bin:
    """Photos of like confidence: how sure the model was of them, the share that it had right, how many they are."""

    confidence: float
    accuracy: float
    count: int


def at(data: Any, *path: str) -> Any:
    """What is in nested mappings under these keys, one after the other; None where there is nothing."""
    for key in path:
        if not isinstance(data, Mapping):
            return None
        data = data.get(key)
    return data


def figure(data: Any, *path: str) -> Figure | None:
    """The figure there; None where there is none, as of a label without test photos."""
    found = at(data, *path)
    value, low, high = (share(found, key) for key in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return None
    return Figure(value, low, high, count(found, "count"), count(found, "of"))


def share(data: Any, *path: str) -> float | None:
    """The number of 0 to 1 there, or None."""
    value = at(data, *path)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) and 0 <= value <= 1 else None


def count(data: Any, *path: str) -> int | None:
    """The whole number of at least 0 there, or None."""
    value = at(data, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def text(data: Any, *path: str) -> str | None:
    """The text there, or None if there is none or it is blank."""
    value = at(data, *path)
    return value if isinstance(value, str) and value.strip() else None


def figures_by_name(data: Any, *path: str, inner: tuple[str, ...] = ()) -> dict[str, Figure]:
    """The figures of a mapping, by their names in it; `inner` leads from an entry to its figure."""
    found = at(data, *path)
    rows = {str(name): figure(row, *inner) for name, row in found.items()} if isinstance(found, Mapping) else {}
    return {name: row for name, row in rows.items() if row is not None}


def bins(data: Any, *path: str) -> tuple[Bin, ...]:
    """The bins there that hold photos."""
    found = at(data, *path)
    rows = found if isinstance(found, list) else []
    numbers = [(share(row, "confidence"), share(row, "accuracy"), count(row, "count")) for row in rows]
    return tuple(Bin(sure, right, n) for sure, right, n in numbers if sure is not None and right is not None and n)
