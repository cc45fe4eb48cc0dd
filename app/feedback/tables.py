"""The table as it is now, for queries; `migrations` make it. Loads SQLAlchemy: 14 MB, so only `store` imports it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, MetaData, String, Table, Text

_metadata = MetaData()

# One row is all there is of an entry, its photo too: it comes and goes as a whole. Times are seconds since 1970, UTC.
FEEDBACK = Table(
    "feedback",
    _metadata,
    Column("id", String(32), primary_key=True),
    Column("receipt_sha256", String(64), nullable=False),
    Column("prediction_id", String(32), nullable=False),
    Column("said_at", BigInteger, nullable=False),
    Column("model_name", String(100), nullable=False),
    Column("model_version", String(100), nullable=False),
    Column("is_right", Boolean, nullable=False),
    Column("labels", Text),  # JSON, a list; null: nobody says.
    Column("photo", LargeBinary),
    Column("photo_bytes", Integer, nullable=False),
    Column("looked_at_by", String(201)),
    Column("verdict", String(16)),
    Column("probabilities", Text),  # JSON, label -> probability.
    Column("margin", Float),
    Column("state", String(16), nullable=False),
    Column("reviewed_at", BigInteger),
    Column("reviewed_by", String(64)),
)
