"""The mistakes worth looking at: where the truth was given the least probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.vision.card import Card
from app.vision.verdict import Verdict
from training.data import PhotoRow
from training.evaluation.labels import said_labels
from training.outputs import SplitOutputs

_MOST = 12


@dataclass(frozen=True)
class Mistake:
    """One photo, what it shows and what it was taken for: class indices, the most probable of the latter first."""

    row: PhotoRow
    shown: tuple[int, ...]
    said: tuple[int, ...]
    probabilities: tuple[float, ...]
    verdict: Verdict

    def to_json(self, card: Card) -> dict[str, Any]:
        """The mistake as a card holds it: the photo by its folder's name and its own, labels by their slugs."""
        return {
            "photo": f"{self.row.path.parent.name}/{self.row.path.name}",
            "shown": [card.vocab[index] for index in self.shown],
            "said": {card.vocab[index]: round(self.probabilities[index], 4) for index in self.said},
            "verdict": self.verdict,
        }


def worst_mistakes(card: Card, outputs: SplitOutputs, most: int = _MOST) -> list[Mistake]:
    """The photos that were taken for something else, the worst first, at most `most`."""
    values, said, shown = outputs.probabilities(card), said_labels(card, outputs), outputs.shown
    verdicts = outputs.verdicts(card)
    error = np.where(said != shown, np.abs(values - shown), 0.0).max(axis=1)
    worst = [int(i) for i in np.argsort(-error, kind="stable")[:most] if (said[i] != shown[i]).any()]
    return [
        Mistake(
            row=outputs.rows[i],
            shown=tuple(int(index) for index in np.flatnonzero(shown[i])),
            said=tuple(int(index) for index in np.argsort(-values[i], kind="stable") if said[i, index]),
            probabilities=tuple(float(value) for value in values[i]),
            verdict=verdicts.of(i),
        )
        for i in worst
    ]
