"""What a check found, as one self-contained HTML page with thumbnails, and as a CSV file for scripts."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from tqdm import tqdm

from app.errors import PhotoError
from app.vision.bundle import write_atomically
from app.vision.evidence import jpeg_data_uri
from app.vision.image_io import open_image
from training.check.balance import LabelCount
from training.check.findings import Finding, plain_text
from training.check.kinds import KINDS, Kind
from training.check.processes import results_in_order
from training.check.run import CheckResult
from training.check.screen import in_numbers, place_of
from training.errors import CheckError

COLUMNS = ("kind", "path", "label", "reason", "group")

_THUMBNAIL_PX = 240
_SHOWN_PHOTOS = 6


@dataclass(frozen=True)
class Card:
    """One finding on the page: its photos' places and thumbnails (None: it cannot be opened), and how many more."""

    reason: str
    label: str | None
    photos: list[tuple[str, str | None]]
    n_more: int


@dataclass(frozen=True)
class Section:
    """The findings of one kind: the cards that are shown, and how many there are in all."""

    kind: Kind
    cards: list[Card]
    n_found: int

    @property
    def has_pictures(self) -> bool:
        """Whether there is anything to see; else a list of names does."""
        return any(picture for card in self.cards for _, picture in card.photos)


def write_page(file: Path, result: CheckResult) -> None:
    """Writes the page, whole or not at all.

    Raises:
        CheckError: it cannot be written there.
    """
    page = render_page(result)
    write_file(file, page.encode())


def write_table(file: Path, result: CheckResult) -> None:
    """Writes every finding and photo as a line of CSV; photos of one finding have one number as their group.

    Raises:
        CheckError: it cannot be written there.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, finding in enumerate(result.findings, start=1):
        for path in finding.photos or (None,):
            place = place_of(path, result.request.data) if path else ""
            writer.writerow((finding.kind, place, plain_text(finding.label or ""), plain_text(finding.reason), number))
    write_file(file, text.getvalue().encode())


def write_file(file: Path, data: bytes) -> None:
    """Writes a file, whole or not at all.

    Raises:
        CheckError: it cannot be written there.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, data)
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise CheckError(
            f"{file} cannot be written ({reason}); nothing half-written is left. Free some space there, "
            "or give another place."
        ) from exc


def render_page(result: CheckResult) -> str:
    """The page; opens the photos that it shows."""
    shown = {kind.name: result.of_kind(kind.name)[: result.request.limits.max_shown] for kind in KINDS}
    pictures = _pictures(
        {path for some in shown.values() for found in some for path in found.photos[:_SHOWN_PHOTOS]}, result
    )
    sections = [
        Section(
            kind, [_card(finding, result, pictures) for finding in shown[kind.name]], len(result.of_kind(kind.name))
        )
        for kind in KINDS
        if shown[kind.name]
    ]
    template = _environment().get_template("check.html.j2")
    return template.render(
        result=result, sections=sections, numbers=in_numbers(result), largest=_largest(result.counts)
    )


def _environment() -> Environment:
    here = Path(__file__).parent
    loader = FileSystemLoader([here / "page", here.parent / "report_page"])
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"plain": plain_text}
    return environment


def _largest(counts: Sequence[LabelCount]) -> int:
    return max((count.n_photos for count in counts), default=0) or 1


def _card(finding: Finding, result: CheckResult, pictures: dict[Path, str | None]) -> Card:
    shown = finding.photos[:_SHOWN_PHOTOS]
    photos = [(place_of(path, result.request.data), pictures[path]) for path in shown]
    return Card(plain_text(finding.reason), finding.label, photos, len(finding.photos) - len(shown))


def _pictures(paths: Collection[Path], result: CheckResult) -> dict[Path, str | None]:
    """The thumbnails; None of a photo that is known not to open, which is not tried again."""
    request, bad = result.request, {photo.path for photo in result.photos if photo.facts.problem is not None}
    good = sorted({*paths} - bad)
    results = results_in_order(_thumbnail, good, n_workers=request.n_workers, max_item_s=request.limits.max_read_s)
    bar = tqdm(zip(good, results, strict=True), total=len(good), desc="thumbnails", unit="photo", disable=None)
    return dict.fromkeys(paths) | dict(bar)


def _thumbnail(path: Path) -> str | None:
    """A small copy as a data URI; None where there is none to show."""
    try:
        return jpeg_data_uri(open_image(path, decode_px=_THUMBNAIL_PX), _THUMBNAIL_PX) if path.is_file() else None
    except (PhotoError, OSError, MemoryError):
        return None
