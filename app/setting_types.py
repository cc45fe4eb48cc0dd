"""What the text of an environment variable may be: parsers of it, which say what was wrong.

Each raises SettingsError.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path

from app.errors import SettingsError

_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")
_PORT = r"(?!0)(?:\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
_ADDRESS = re.compile(rf"(?:[a-zA-Z0-9.-]+|\[[0-9a-f:.]+\]):{_PORT}", re.ASCII)
_COLLECTOR = re.compile(rf"https?://(?:[a-zA-Z0-9.-]+|\[[0-9a-f:.]+\])(?::{_PORT})?/[a-zA-Z0-9._~/-]+", re.ASCII)
_STORES = ("memory://", "redis://", "rediss://", "redis+unix://")
_SQLITE = "sqlite:///"
_KEY_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
OFF = "off"

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number from `least` to `most`."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise SettingsError(f"a whole number is needed, got {text!r}") from None
        if not least <= value <= most:
            raise SettingsError(f"it must be from {least} to {most}, got {value}")
        return value

    return parse


def number(least: float, most: float) -> Callable[[str], float]:
    """A number from `least` to `most`."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise SettingsError(f"a number is needed, got {text!r}") from None
        if not least <= value <= most:
            raise SettingsError(f"it must be from {least:g} to {most:g}, got {text}")
        return value

    return parse


def choice(*values: str) -> Callable[[str], str]:
    """One of these words."""

    def parse(text: str) -> str:
        if text not in values:
            raise SettingsError(f"it must be one of {', '.join(values)}, got {text!r}")
        return text

    return parse


def place(text: str) -> str:
    """Where something is served beside the main port: "off", "on", "key", or an address with a port."""
    host, colon, port = text.rpartition(":")
    if text in ("off", "on", "key") or (
        host and colon and port.isascii() and port.isdigit() and 1 <= int(port) <= 65535
    ):
        return text
    raise SettingsError(f"it must be off, on, key, or an address and a port as 127.0.0.1:9464, got {text!r}")


def header_text(text: str) -> str:
    """Something that may stand in an HTTP header."""
    if not (text.isascii() and text.isprintable() and text == text.strip() and len(text) <= 200):
        raise SettingsError(f"it must be at most 200 printable ASCII characters, got {text!r}")
    return text


def networks(text: str) -> tuple[IPNetwork, ...]:
    """IP networks or addresses, with commas between them."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    except ValueError as exc:
        raise SettingsError(f"IP networks are needed, with commas between them: {exc}") from None


def origins(text: str) -> tuple[str, ...]:
    """Origins of web pages, with commas between them, or `*` for any."""
    found = tuple(part.strip() for part in text.split(","))
    bad = [part for part in found if part != "*" and not _ORIGIN.fullmatch(part)]
    if bad:
        raise SettingsError(f"origins as https://app.example.org are needed, or *, got {bad[0]!r}")
    return found


def store(text: str) -> str:
    """Where something is counted. The address of a Redis may hold its password, so it is not repeated."""
    if not text.startswith(_STORES):
        raise SettingsError(f"it must begin with one of {', '.join(_STORES)}")
    return text


def database(text: str) -> str:
    """Where feedback is kept, or `off`. The address of a PostgreSQL may hold its password, so it is not repeated."""
    if text == OFF or (text.startswith("postgresql://") and len(text) > len("postgresql://")):
        return text
    if text.startswith(_SQLITE) and Path(text.removeprefix(_SQLITE)).name not in ("", ":memory:") and "?" not in text:
        return text
    raise SettingsError(
        "it must be off, sqlite:///FILE (four slashes where the path begins with one) or postgresql://…"
    )


def collector(text: str) -> str:
    """Where traces go, or `off`. A token belongs into a header: OpenTelemetry logs the address where it is away."""
    if text == OFF or _COLLECTOR.fullmatch(text):
        return text
    raise SettingsError(
        "it must be off, or a whole address with its path and no query, as http://127.0.0.1:4318/v1/traces; "
        "headers are in OTEL_EXPORTER_OTLP_HEADERS"
    )


def key_names(text: str) -> tuple[str, ...]:
    """Names of API keys, with commas between them."""
    found = tuple(part.strip() for part in text.split(","))
    if bad := [part for part in found if not _KEY_NAME.fullmatch(part)]:
        raise SettingsError(f"names of keys are needed, with commas between them, got {bad[0]!r}")
    return found


def file(text: str) -> Path:
    """A file that is there."""
    if not Path(text).is_file():
        raise SettingsError(f"there is no file {text!r}")
    return Path(text)
