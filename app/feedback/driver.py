"""What a database needs that the serving set does not bring. Loads no library, so that gunicorn's master may ask."""

from __future__ import annotations

from importlib.util import find_spec

from app.errors import SettingsError


def ensure_driver(address: str) -> None:
    """At start, rather than when the first visitor says something.

    Raises:
        SettingsError: it is PostgreSQL's, and psycopg is not installed.
    """
    if address.startswith("postgresql:") and find_spec("psycopg") is None:
        raise SettingsError("PostgreSQL needs its driver: pip install -r app/requirements-postgresql.txt")
