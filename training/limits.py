"""A limit: a field of a frozen dataclass that knows its meaning and its range; `add_choice` makes its flag."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from training.errors import ConfigError


def limit(default: float, help_text: str, *, least: float, most: float = math.inf) -> Any:
    """The field of a limit from `least` to `most`."""
    metadata = {"help": help_text, "choices": None, "least": least, "most": most}
    return dataclasses.field(default=default, metadata=metadata)


def ensure_in_range(limits: Any) -> None:
    """Looks at all limits of a dataclass.

    Raises:
        ConfigError: one of them is out of its range.
    """
    for field in dataclasses.fields(limits):
        value, least, most = getattr(limits, field.name), field.metadata["least"], field.metadata["most"]
        if not (math.isfinite(value) and least <= value <= most):
            flag = f"--{field.name.replace('_', '-')}"
            bounds = f"at least {least}" if most == math.inf else f"from {least} to {most}"
            raise ConfigError(f"{flag} must be {bounds}, got {value}.")
