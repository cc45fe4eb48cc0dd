"""A training that starts from an earlier bundle: what that one was trained on may not measure this one."""

from __future__ import annotations

from collections.abc import Sequence

from app.vision.bundle import ModelBundle
from training.data import PhotoRow
from training.errors import DataError

EARLIER_SOURCES = "earlier_sources"  # In a card's training: the sources that the bundles before it were trained on.

_NAMED = 3


def sources_seen(bundle: ModelBundle) -> set[str]:
    """The sources whose photos a bundle, or one that it started from, was trained on."""
    card = bundle.card
    return {*card.data.get("sources", {}).get("train", ()), *card.training.get(EARLIER_SOURCES, ())}


def ensure_unseen(bundle: ModelBundle, rows: Sequence[PhotoRow]) -> None:
    """Raises DataError if a photo of the rows that validate or test is of a source the bundle was trained on."""
    leaked = sorted({row.source for row in rows if row.split != "train"} & sources_seen(bundle))
    if leaked:
        few = ", ".join(leaked[:_NAMED]) + (", …" if len(leaked) > _NAMED else "")
        raise DataError(
            f"{bundle.path.name} was trained on {len(leaked)} source(s) that this split validates or tests with "
            f"({few}): it would be measured on what it knows. Use the split it was made with, or start from other "
            "--weights."
        )
