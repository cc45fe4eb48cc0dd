"""DownloadLimits: what a download may cost, one row a limit; the command line has a flag of the same name for each."""

from __future__ import annotations

from dataclasses import dataclass

from training.limits import ensure_in_range, limit


@dataclass(frozen=True)
class DownloadLimits:
    """What a download may cost.

    Raises:
        ConfigError: a limit is out of its range.
    """

    per_label: int = limit(200, "photos a label ends up with, those of earlier runs included", least=1)
    max_bytes: int = limit(20_000_000, "bytes of one photo", least=1)
    max_answer_bytes: int = limit(20_000_000, "bytes of one answer of an API", least=1)
    max_pages: int = limit(60, "pages of listings asked of one provider for one label", least=1)
    max_redirects: int = limit(3, "redirects followed for one photo or answer", least=0)
    max_tries: int = limit(5, "tries for one photo or answer", least=1)
    max_wait_s: float = limit(120.0, "longest wait a provider may ask for; beyond it, it is left alone", least=0)
    request_s: float = limit(60.0, "seconds one request may take in all", least=0.1)
    min_pause_s: float = limit(1.0, "seconds between two requests to one host", least=0)
    min_side_px: int = limit(224, "shorter side of a photo, in pixels", least=1)
    max_depth: int = limit(2, "levels of sub-categories walked on Wikimedia Commons", least=0, most=5)

    def __post_init__(self) -> None:
        ensure_in_range(self)
