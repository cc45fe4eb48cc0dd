"""The figures of a card, from the test photos; opened once, at the end of a run."""

from __future__ import annotations

from typing import Any

from app.vision.card import Card
from training.evaluation.calibration import calibration_figures
from training.evaluation.labels import label_figures
from training.evaluation.mistakes import worst_mistakes
from training.evaluation.rejection import rejection_on
from training.evaluation.verdicts import verdict_figures
from training.outputs import SplitOutputs


def evaluate(card: Card, test: SplitOutputs) -> dict[str, Any]:
    """The metrics of a card, every figure with its 95 % interval, every share with its count as well."""
    return {
        "split": "test",
        "n_photos": len(test.rows),
        "n_sources": len({row.source for row in test.rows}),
        **label_figures(card, test),
        "calibration": calibration_figures(card, test),
        "verdicts": verdict_figures(card, test),
        **rejection_on(card, test),
        "mistakes": [mistake.to_json(card) for mistake in worst_mistakes(card, test)],
    }
