"""What traces need that the serving set does not bring. Loads no library, so that gunicorn's master may ask."""

from __future__ import annotations

from importlib.util import find_spec

from app.errors import SettingsError

_NEEDED = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http", "requests")


def ensure_libraries() -> None:
    """At start, rather than with the first request.

    Raises:
        SettingsError: OpenTelemetry's SDK, or its OTLP exporter, is not installed.
    """
    if not all(map(_is_there, _NEEDED)):
        raise SettingsError("traces need OpenTelemetry's SDK and exporter: pip install -r app/requirements-tracing.txt")


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # Not even what it is in.
        return False
