"""What the server would have said of the photos."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.vision.card import Card
from training.evaluation.intervals import share
from training.outputs import SplitOutputs

_NO_LABEL = "no label"  # The folder of a photo to which a table gives none.


def verdict_figures(card: Card, outputs: SplitOutputs) -> dict[str, Any]:
    """Verdicts of photos of known labels and, folder by folder, of others."""
    verdicts = outputs.verdicts(card)
    match, unknown, known = verdicts.match, verdicts.unknown, outputs.shows_known(card)
    strata = np.array([row.stratum or _NO_LABEL for row in outputs.rows])
    others = [str(stratum) for stratum in sorted(set(strata[~known]))]
    return {
        "match_is_right": match_is_right(card, outputs),
        "known": {
            "match": share(match[known]),
            "unknown": share(unknown[known]),
            "not_unknown": share(~unknown[known]),
        },
        "called_a_match": {stratum: share(match[strata == stratum]) for stratum in others},
        "not_called_unknown": {stratum: share(~unknown[strata == stratum]) for stratum in others},
    }


def match_is_right(card: Card, outputs: SplitOutputs) -> dict[str, Any] | None:
    """How often a match is right; one of several labels, if the photo shows them all."""
    verdicts = outputs.verdicts(card)
    right = np.asarray(~(verdicts.named & ~outputs.shown).any(axis=1))
    return share(right[verdicts.match])
