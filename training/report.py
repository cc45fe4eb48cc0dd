"""report.html: the evaluation, to look at; one self-contained file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.vision.bundle import REPORT, Card


def write_report(card: Card, bundle: Path) -> None:
    """Writes the report of a card that holds its metrics."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["percent"] = percent
    environment.filters["estimate"] = estimate
    names = {label.label: label.name for label in card.labels}
    page = environment.get_template("report.html.j2").render(card=card, metrics=card.metrics, names=names)
    (bundle / REPORT).write_text(page, encoding="utf-8")


def percent(share: dict[str, Any] | None) -> str:
    """A share as people read it: `84 % (77–90 %), 113 of 135`."""
    if share is None:
        return "no photos"
    value, low, high = (f"{100 * share[key]:.0f}" for key in ("value", "low", "high"))
    return f"{value} % ({low}–{high} %), {share['count']} of {share['of']}"


def estimate(figure: dict[str, float] | None) -> str:
    """A figure between 0 and 1 with its interval, as people read it: `3.1 % (1.9–4.8 %)`."""
    if figure is None:
        return "no photos"
    value, low, high = (f"{100 * figure[key]:.1f}" for key in ("value", "low", "high"))
    return f"{value} % ({low}–{high} %)"
