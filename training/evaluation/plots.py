"""Plots of a card's metrics as inline SVG, in the colours of the page they stand in."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Colours that stand for the page's own (CSS variables), so that a plot is good to look at in light and dark.
_PAGE_COLOURS = {
    "#010101": "currentColor",
    "#020202": "var(--line)",
    "#030303": "var(--accent)",
    "#040404": "var(--second)",
    "#050505": "var(--soft)",
}
_INK, _LINE, _ACCENT, _SECOND, _SOFT = _PAGE_COLOURS
_SERIES = (_ACCENT, _SECOND, _INK, _SOFT)
_DASHES = ("-", "--", ":", "-.")
# Names of groups, which would be twice on a page of two plots, and the fonts of matplotlib; the page has its own.
_OF_NO_USE = re.compile(r' id="[a-zA-Z0-9.]+_\d+"|<style.*?</style>', re.DOTALL)
_FONT = re.compile(r"font: ([\d.]+px) [^;\"]*")
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 11,
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
    "axes.edgecolor": _LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": _LINE,
    "legend.frameon": False,
}


def reliability_plot(bins: Sequence[Mapping[str, Any]], title: str) -> Markup:
    """Accuracy over confidence, bin by bin, against what it should be; a point's area goes with its photos."""
    with _axes(title) as (axes, result):
        axes.plot([0, 1], [0, 1], color=_SOFT, linestyle="--", linewidth=1, label="as it should be")
        most = max((row["count"] for row in bins), default=1)
        x, y = [row["confidence"] for row in bins], [row["accuracy"] for row in bins]
        axes.vlines(x, x, y, color=_SECOND, linewidth=2)
        axes.scatter(x, y, s=[30 + 220 * row["count"] / most for row in bins], color=_ACCENT, alpha=0.85, zorder=3)
        for row in bins:
            axes.annotate(
                str(row["count"]), (row["confidence"], row["accuracy"]), (11, -4), textcoords="offset points",
                fontsize=9, color=_SOFT,
            )  # fmt: skip
        axes.set(xlim=(0, 1.03), ylim=(0, 1.1), xlabel="what it believed", ylabel="how often it was right")
        axes.set_title(title, fontsize=11, loc="left")
    return result[0]


def acceptance_plot(curve: Mapping[str, Any]) -> Markup:
    """How many of the others are accepted over how many known photos are, a line for each folder of others."""
    title = "others accepted over known photos accepted"
    with _axes(title) as (axes, result):
        for index, (name, accepted) in enumerate(curve["others"].items()):
            colour, dash = _SERIES[index % 4], _DASHES[index // 4 % 4]
            axes.plot(curve["known"], accepted, dash, color=colour, label=name, linewidth=2, marker="o", markersize=3)
        axes.axvline(0.95, color=_SOFT, linestyle="--", linewidth=1)
        axes.set(xlim=(0.5, 1.005), ylim=(0, 1.02), xlabel="known photos accepted", ylabel="others accepted")
        axes.legend(loc="upper left")
    return result[0]


@contextmanager
def _axes(title: str) -> Iterator[tuple[Axes, list[Markup]]]:
    """Axes to draw on; the list holds the SVG when the block has ended."""
    result: list[Markup] = []
    # Names inside an SVG are the same in every run, and others in every plot of a page.
    with mpl.rc_context({**_STYLE, "svg.hashsalt": title}):
        figure = Figure(figsize=(4.6, 3.8), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(linewidth=0.6)
        axes.xaxis.set_major_formatter("{x:.0%}")
        axes.yaxis.set_major_formatter("{x:.0%}")
        yield axes, result
        result.append(_inline_svg(figure, title))


def _inline_svg(figure: Figure, title: str) -> Markup:
    file = io.StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    for colour, of_page in _PAGE_COLOURS.items():
        svg = svg.replace(colour, of_page)
    svg = _OF_NO_USE.sub("", svg)
    svg = _FONT.sub(r"font-size: \1", svg)
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{Markup.escape(title)}" ', 1))
