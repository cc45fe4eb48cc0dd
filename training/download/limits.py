"""DownloadLimits: what a download may cost, one row a limit; the command line has a flag of the same name for each."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from training.errors import ConfigError


def _limit(default: float, help_text: str, *, least: float, most: float = math.inf) -> Any:
    return dataclasses.field(default=default, metadata={"help": help_text, "least": least, "most": most})


@dataclass(frozen=True)
class DownloadLimits:
    """What a download may cost.

    Raises:
        ConfigError: a limit is out of its range.
    """

    per_label: int = _limit(200, "photos a label ends up with, those of earlier runs included", least=1)
    max_bytes: int = _limit(20_000_000, "bytes of one photo", least=1)
    max_answer_bytes: int = _limit(20_000_000, "bytes of one answer of an API", least=1)
    max_pages: int = _limit(60, "pages of listings asked of one provider for one label", least=1)
    max_redirects: int = _limit(3, "redirects followed for one photo or answer", least=0)
    max_tries: int = _limit(5, "tries for one photo or answer", least=1)
    max_wait_s: float = _limit(120.0, "longest wait a provider may ask for; beyond it, it is left alone", least=0)
    request_s: float = _limit(60.0, "seconds one request may take in all", least=0.1)
    min_pause_s: float = _limit(1.0, "seconds between two requests to one host", least=0)
    min_side_px: int = _limit(224, "shorter side of a photo, in pixels", least=1)
    max_depth: int = _limit(2, "levels of sub-categories walked on Wikimedia Commons", least=0, most=5)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, least, most = getattr(self, field.name), field.metadata["least"], field.metadata["most"]
            if not (math.isfinite(value) and least <= value <= most):
                flag = f"--{field.name.replace('_', '-')}"
                bounds = f"at least {least}" if most == math.inf else f"from {least} to {most}"
                raise ConfigError(f"{flag} must be {bounds}, got {value}.")
