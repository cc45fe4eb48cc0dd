"""report.html: the evaluation, to look at; one self-contained file that needs no script and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.vision.bundle import REPORT
from app.vision.card import Card
from training.evaluation.plots import acceptance_plot, reliability_plot

Picture = tuple[Mapping[str, Any], Mapping[str, str]]  # A mistake of the metrics, and its layers as data URIs.

# What the ways to reject are called in the report.
_WAYS = {
    "other": "the label for “none of these”",
    "max_softmax": "the highest probability of a known label",
    "energy": "energy of the known labels",
    "other_and_distance": "the label and the distance together",
}


def write_report(card: Card, bundle: Path) -> None:
    """Writes the report of a card that holds its metrics."""
    (bundle / REPORT).write_text(render_report(card), encoding="utf-8")


def render_report(card: Card, pictures: Sequence[Picture] = ()) -> str:
    """The report of a card that holds its metrics; with pictures, its mistakes are shown and not only named."""
    names = {label.label: label.name for label in card.labels}
    template = _environment().get_template("report.html.j2")
    return template.render(card=card, metrics=card.metrics, names=names, plots=_plots(card), pictures=pictures)


def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "report_page")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "percent": percent,
        "estimate": estimate,
        "int8_found": int8_found,
        "short": lambda figure: "–" if figure is None else f"{100 * figure['value']:.0f} %",
        "interval": lambda figure: "no photos" if figure is None else _interval(figure),
        "number": lambda value: "–" if value is None else f"{value:.3f}",
        "whole_percent": lambda value: f"{100 * value:.0f} %",
        "label_name": lambda label, names: names[label],
        "way": lambda name: _WAYS.get(name, name.replace("distance_", "distance to the nearest ")),
    }
    return environment


def _plots(card: Card) -> dict[str, Markup]:
    calibration = card.metrics["calibration"]
    plots = {
        "before": reliability_plot(calibration["bins_before"], "before the temperature"),
        "after": reliability_plot(calibration["bins_after"], "after it"),
    }
    if "rejection" in card.metrics:
        plots["acceptance"] = acceptance_plot(card.metrics["rejection"]["test"]["curve"])
    return plots


def percent(share: Mapping[str, Any] | None) -> str:
    """A share as people read it: `84 % (77–90 %), 113 of 135`."""
    if share is None:
        return "no photos"
    value, low, high = (f"{100 * share[key]:.0f}" for key in ("value", "low", "high"))
    return f"{value} % ({low}–{high} %), {share['count']} of {share['of']}"


def int8_found(found: Mapping[str, Any]) -> str:
    """What int8 was like beside float32: `2 of 60 verdicts changed, probabilities off by 0.031 at most, 0.72 of the
    time`; or why there is nothing to say.
    """
    row = found["int8"]
    if row is None:
        return str(found["why"])
    verdicts = f"{row['changed_verdicts']} of {row['n_photos']} verdicts changed"
    return f"{verdicts}, probabilities off by {row['largest_gap']:.3f} at most, {row['time_ratio']:.2f} of the time"


def estimate(figure: Mapping[str, float] | None) -> str:
    """A figure between 0 and 1 with its interval, as people read it: `3.1 % (1.9–4.8 %)`."""
    if figure is None:
        return "no photos"
    value, low, high = (f"{100 * figure[key]:.1f}" for key in ("value", "low", "high"))
    return f"{value} % ({low}–{high} %)"


def _interval(figure: Mapping[str, Any]) -> str:
    """`77–90 %, 113 of 135`."""
    text = f"{100 * figure['low']:.0f}–{100 * figure['high']:.0f} %"
    return f"{text}, {figure['count']} of {figure['of']}" if "of" in figure else text
