"""The rule that tells photos of none of the labels, as a card keeps it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What may speak for a photo being none of the labels (see `app.vision.signals`).
SIGNALS = ("other", "max_softmax", "energy", "distance")


@dataclass(frozen=True)
class Rejection:
    """A photo is strange if the sum of its signals, each times its weight, is above `limit`.

    `method` is what the rule is called where ways to reject are compared.
    """

    method: str
    weights: Mapping[str, float]
    limit: float

    def to_json(self) -> dict[str, Any]:
        """The rule as a card holds it."""
        return {"method": self.method, "weights": dict(self.weights), "limit": self.limit}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Rejection:
        """The rule of a card.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: the card has no such rule.
        """
        weights = {str(signal): float(weight) for signal, weight in data["weights"].items()}
        unheard = [signal for signal in weights if signal not in SIGNALS]
        if unheard or not weights:
            raise ValueError(f"a rejection must weigh some of {SIGNALS}, got {list(weights)}")
        limit = float(data["limit"])
        if not all(map(math.isfinite, (limit, *weights.values()))):
            raise ValueError(f"a rejection must have finite weights and a finite limit, got {weights}, {limit}")
        return cls(str(data["method"]), weights, limit)
