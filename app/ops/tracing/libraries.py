"""What traces need that the serving set does not bring. Loads no library, so that gunicorn's master may ask."""

from __future__ import annotations

from importlib.util import find_spec

from app.errors import SettingsError


def ensure_libraries() -> None:
    """At start, rather than with the first request.

    Raises:
        SettingsError: OpenTelemetry's SDK is not installed.
    """
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        raise SettingsError("traces need OpenTelemetry's SDK: pip install -r app/requirements-tracing.txt")
