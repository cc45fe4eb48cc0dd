"""What the server would have said of the photos."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.vision.bundle import Card
from training.evaluation.intervals import share
from training.outputs import SplitOutputs


def verdict_figures(card: Card, outputs: SplitOutputs) -> dict[str, Any]:
    """Verdicts of photos of known labels and, folder by folder, of others.

    A match of several labels is right if the photo shows them all.
    """
    verdicts = outputs.verdicts(card)
    match, unknown, known = verdicts.match, verdicts.unknown, outputs.shows_known(card)
    right = np.asarray(~(verdicts.named & ~outputs.shown).any(axis=1))
    strata = np.array([row.stratum for row in outputs.rows])
    others = [str(stratum) for stratum in sorted(set(strata[~known]))]
    return {
        "match_is_right": share(right[match]),
        "known": {"match": share(match[known]), "unknown": share(unknown[known])},
        "called_a_match": {stratum: share(match[strata == stratum]) for stratum in others},
        "not_called_unknown": {stratum: share(~unknown[strata == stratum]) for stratum in others},
    }
