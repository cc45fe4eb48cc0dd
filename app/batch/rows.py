"""The table: one row a photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from app.batch.source import Found
from app.errors import WhichParkError
from app.inference.classifier import Classification
from app.vision.card import Card

OK = "ok"

# What is to be looked at: `path` and, where the listing told it, the size in bytes.
FOUND = pa.schema([("path", pa.string()), ("n_bytes", pa.int64())])


def schema_of(card: Card) -> pa.Schema:
    """The table's columns for the labels of a card.

    `status` is "ok", or the code of the error that `error` tells; then all of the verdict is null.
    `probability_<label>` are calibrated, 0 to 1; `confidence` is the highest. `strangeness` above `strangeness_limit`
    makes a photo unknown; both are null where the card has no such rule.
    """
    return pa.schema(
        [
            ("path", pa.string()),
            ("status", pa.string()),
            ("verdict", pa.string()),
            ("label", pa.string()),
            ("labels", pa.list_(pa.string())),
            ("confidence", pa.float32()),
            *((probability_column(label), pa.float32()) for label in card.vocab),
            ("strangeness", pa.float32()),
            ("strangeness_limit", pa.float32()),
            ("model_name", pa.string()),
            ("model_version", pa.string()),
            ("error", pa.string()),
        ]
    )


def probability_column(label: str) -> str:
    """The column of a label's probability."""
    return f"probability_{label}"


def row_of(path: str, found: Classification, card: Card) -> dict[str, Any]:
    """The row of a photo that has a verdict."""
    strangeness, limit = found.strangeness or (None, None)
    return {
        "path": path,
        "status": OK,
        "verdict": found.verdict,
        "label": found.labels[0] if found.labels else None,
        "labels": list(found.labels),
        "confidence": found.predictions[0].probability,
        **{probability_column(row.label.label): row.probability for row in found.predictions},
        "strangeness": strangeness,
        "strangeness_limit": limit,
        "model_name": card.name,
        "model_version": card.version,
    }


def row_of_error(path: str, error: WhichParkError, card: Card) -> dict[str, Any]:
    """The row of a photo that has none."""
    return {
        "path": path,
        "status": error.code,
        "model_name": card.name,
        "model_version": card.version,
        "error": str(error),
    }


def table_of(rows: Sequence[dict[str, Any]], card: Card) -> pa.Table:
    """Rows as a table; what a row has not is null."""
    return pa.Table.from_pylist(list(rows), schema=schema_of(card))


def found_table(found: Sequence[Found]) -> pa.Table:
    """Photos to look at as a table of FOUND."""
    columns = {"path": [photo.path for photo in found], "n_bytes": [photo.n_bytes for photo in found]}
    return pa.table(columns, schema=FOUND)
