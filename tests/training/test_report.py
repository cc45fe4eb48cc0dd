"""report.html, of figures of outputs made by hand."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from app.vision.card import Card, Label
from tests.training.outputs import make_card, make_multi_card, make_multi_outputs, make_outputs
from training.calibrate import calibrate
from training.config import TrainConfig
from training.evaluate import evaluate
from training.report import estimate, percent, render_report

DATA = {"note": "drawn", "counts": {}, "sources": {}}
VOID = {"meta", "img", "br", "link", "path", "use", "rect"}


def with_metrics(card: Card, metrics: dict[str, Any]) -> Card:
    return dataclasses.replace(card, metrics=metrics, data=DATA, training={"command": "python -m training"})


@pytest.fixture(scope="module")
def single() -> Card:
    rng = np.random.default_rng(0)
    card = make_card("cats", "dogs", "other")
    strata = ["cats", "dogs", "other/far", "other/near"] * 10
    outputs = make_outputs(card, strata, rng.dirichlet([0.5] * 3, 40).tolist(), rng.random(40).tolist())
    card = calibrate(card, outputs, TrainConfig())
    return with_metrics(card, evaluate(card, outputs))


@pytest.fixture(scope="module")
def multi() -> Card:
    card = make_multi_card("cones", "dogs")
    values = [[0.9, 0.8], [0.6, 0.3], [0.1, 0.2]]
    return with_metrics(card, evaluate(card, make_multi_outputs(card, [[1, 1], [0, 1], [0, 0]], values)))


class Tags(HTMLParser):
    """Fails on a tag that is closed and not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_the_report_is_one_file_without_script(kind: str, request: pytest.FixtureRequest) -> None:
    page = render_report(request.getfixturevalue(kind))
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not re.search(r"<script|<link|<iframe|@import|url\((?!#)|(?:src|href)=\"(?!data:|#)| on\w+=", page)


def test_the_report_of_one_label_shows_each_part(single: Card) -> None:
    page = render_report(single)
    for part in ("Each label", "What was taken for what", "None of these", "The worst mistakes"):
        assert f"<h2>{part}</h2>" in page
    assert page.count("<svg") == 3
    assert percent(single.metrics["accuracy_among_known"]).split(", ")[1] in page
    assert single.metrics["rejection"]["validation"]["criterion"] in page


def test_the_report_of_several_labels_has_no_confusion(multi: Card) -> None:
    page = render_report(multi)
    assert "What was taken for what" not in page and "None of these" not in page
    assert "Mean average precision" in page and "none of them" in page


def test_by_default_the_report_shows_no_photo(single: Card) -> None:
    page = render_report(single)
    assert single.metrics["mistakes"] and "<img" not in page
    assert single.metrics["mistakes"][0]["photo"] in page


def test_with_pictures_the_mistakes_are_shown(single: Card) -> None:
    layers = {"photo": "data:image/jpeg;base64,AAAA", "heat_map": "data:image/png;base64,BBBB"}
    page = render_report(single, [(mistake, layers) for mistake in single.metrics["mistakes"][:2]])
    assert page.count('src="data:image/jpeg;base64,AAAA"') == 4
    assert page.count('src="data:image/png;base64,BBBB"') == 2


def test_names_cannot_inject_markup(single: Card) -> None:
    hostile = "<script>alert('1')</script>"
    labels = (Label("cats", hostile), *single.labels[1:])
    mistakes = [dict(single.metrics["mistakes"][0]) | {"photo": hostile}]
    page = render_report(dataclasses.replace(single, labels=labels, metrics={**single.metrics, "mistakes": mistakes}))
    assert "<script" not in page and "&lt;script&gt;" in page


def test_a_report_without_mistakes_or_photos_can_be_made() -> None:
    card = make_card("cats", "dogs", "other")
    page = render_report(with_metrics(card, evaluate(card, make_outputs(card, [], []))))
    assert "<p>None.</p>" in page and "no photos" in page


def test_figures_are_told_with_their_interval() -> None:
    share = {"value": 0.837, "low": 0.7663, "high": 0.8951, "count": 113, "of": 135}
    assert percent(share) == "84 % (77–90 %), 113 of 135"
    assert estimate(share) == "83.7 % (76.6–89.5 %)"
    assert percent(None) == estimate(None) == "no photos"
