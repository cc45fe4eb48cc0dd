"""What a check found, for the screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from training.check.findings import Finding, plain_text
from training.check.kinds import KINDS
from training.check.run import CheckResult

_SHOWN = 3
_SHOWN_PHOTOS = 4


def summary(result: CheckResult) -> str:
    """The labels, and of each kind how many findings there are and the first of them."""
    return "\n".join([*_labels(result), "", *_findings(result), *(f"note: {note}" for note in result.notes)])


def in_numbers(result: CheckResult) -> str:
    """`1,573 of 1,575 files can be trained on; 4 labels, 135 sources.`"""
    return (
        f"{result.n_usable:,} of {len(result.photos):,} files can be trained on; "
        f"{len(result.counts)} labels, {result.n_sources:,} sources."
    )


def place_of(path: Path, data: Path) -> str:
    """A photo's place below the data folder, for people."""
    return plain_text(path.relative_to(data).as_posix() if path.is_relative_to(data) else path)


def _labels(result: CheckResult) -> Iterator[str]:
    yield in_numbers(result)
    names = [plain_text(count.label) for count in result.counts]
    width = max(map(len, ["label", *names]))
    yield f"{'label'.ljust(width)}  {'files':>7}  {'usable':>7}  {'sources':>7}"
    for name, count in zip(names, result.counts, strict=True):
        yield f"{name.ljust(width)}  {count.n_files:7}  {count.n_photos:7}  {count.n_sources:7}"


def _findings(result: CheckResult) -> Iterator[str]:
    if not result.findings:
        yield "nothing found"
    for kind in KINDS:
        found = result.of_kind(kind.name)
        if found:
            yield f"{kind.title}: {len(found)} ({kind.name})"
            yield from (f"    {_line(finding, result.request.data)}" for finding in found[:_SHOWN])
            yield from [f"    … and {len(found) - _SHOWN} more"] * (len(found) > _SHOWN)


def _line(finding: Finding, data: Path) -> str:
    places = [place_of(path, data) for path in finding.photos[:_SHOWN_PHOTOS]]
    more = [f"… {len(finding.photos) - _SHOWN_PHOTOS} more"] * (len(finding.photos) > _SHOWN_PHOTOS)
    about = [plain_text(finding.label)] if finding.label is not None else [*places, *more]
    return f"{', '.join(about)}: {plain_text(finding.reason)}" if about else plain_text(finding.reason)
