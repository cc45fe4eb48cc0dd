"""Plots that take the colours of their page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from training.evaluation.plots import acceptance_plot, reliability_plot

BINS = [
    {"low": 0.4, "high": 0.5, "confidence": 0.45, "accuracy": 0.3, "count": 12},
    {"low": 0.8, "high": 0.9, "confidence": 0.85, "accuracy": 0.8, "count": 40},
]
CURVE = {"known": [0.5, 0.95, 1.0], "others": {"other/<far>": [0.0, 0.1, 0.4], "other/near": [0.2, 0.6, 1.0]}}


@pytest.fixture(params=["reliability", "acceptance"])
def svg(request: pytest.FixtureRequest) -> str:
    return reliability_plot(BINS, "after") if request.param == "reliability" else acceptance_plot(CURVE)


def test_a_plot_is_well_formed_and_needs_nothing_from_elsewhere(svg: str) -> None:
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert not re.search(r"url\((?!#)|href=\"(?!#)|<script|<style|<image", svg)


def test_a_plot_has_no_colour_of_its_own(svg: str) -> None:
    assert not re.search(r"(?:fill|stroke): ?#[0-9a-f]", svg)
    assert "var(--accent)" in svg and "currentColor" in svg


def test_no_name_is_twice_on_a_page_of_several_plots() -> None:
    plots = (reliability_plot(BINS, "before"), reliability_plot(BINS, "after"), acceptance_plot(CURVE))
    names = re.findall(r' id="([^"]+)"', "".join(plots))
    assert names and len(names) == len(set(names))


def test_the_same_figures_give_the_same_plot() -> None:
    assert reliability_plot(BINS, "after") == reliability_plot(BINS, "after")


def test_a_bin_tells_its_count_and_a_curve_its_folder() -> None:
    assert ">12<" in reliability_plot(BINS, "after") and ">40<" in reliability_plot(BINS, "after")
    assert "other/&lt;far&gt;" in acceptance_plot(CURVE)


def test_no_bins_and_many_folders_can_be_drawn() -> None:
    assert reliability_plot([], "before")
    assert acceptance_plot({"known": [0.5, 1.0], "others": {f"other/{i}": [0.1, 0.2] for i in range(20)}})
