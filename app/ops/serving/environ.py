"""The WSGI variables with which the worker tells the application what it could not know."""

from __future__ import annotations

REFUSAL = "which_park.refusal"  # The error to answer with instead of anything else, or None.
IS_GONE = "which_park.is_gone"  # A function: whether the client has closed the connection.
