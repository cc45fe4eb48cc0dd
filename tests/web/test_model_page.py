"""The model page: what a card tells, for people; and of cards that tell less."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.config import Settings
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.vision.bundle import ModelBundle
from app.vision.card import Card, Label, Thresholds
from app.vision.limits import ImageLimits
from app.web.model_view import model_view
from app.web.texts import read_texts
from tests.cards import DATA, METRICS, TRAINING
from tests.fakes import FakeRuntime
from tests.web.page_reader import Page

BROWSER = {"Accept": "text/html,*/*;q=0.8"}


def _page(card: Card, predictor: Predictor, settings: Settings, **changes: Any) -> Page:
    bundle = ModelBundle(predictor.bundle.path, dataclasses.replace(card, **changes))
    logits = [0.0] * len(bundle.card.labels)
    limits = ImageLimits(1_000_000)
    slot = ModelSlot(lambda: Predictor(bundle, NetworkQueue(FakeRuntime(logits), 1, 1.0), limits, 1.0))
    answer = create_app(settings, slot).test_client().get("/model")
    assert answer.status_code == 200
    return Page(answer)


@pytest.fixture
def page(card: Card, predictor: Predictor, settings: Settings) -> Page:
    return _page(card, predictor, settings, metrics=METRICS, data=DATA, training=TRAINING)


def test_it_says_what_the_model_knows_and_from_how_many_photos(page: Page) -> None:
    assert "What parks 7 knows, how well, and where it fails." in page.text
    assert "Yosemite National Park , California" in page.text
    assert "Photos it learned from: 16. Set aside to choose its limits: 16. Set aside for the test: 16." in page.text
    assert "“None of these” stands for everything else" in page.text


def test_it_says_how_well_and_between_which_figures_the_truth_lies(page: Page) -> None:
    assert "Measured on 120 test photos of 9 sources" in page.text
    assert "75 % of the photos that show one of these are recognised" in page.text
    assert "60 of 80; the true share lies between 62 % and 88 %" in page.text
    assert "76 % of what it names outright is right" in page.text


def test_a_label_without_test_photos_says_so(page: Page) -> None:
    assert "Yosemite no photos to tell by" in page.text
    assert page.text.count("no photos to tell by") == 2


def test_it_says_what_it_takes_for_what_the_most_frequent_first(page: Page) -> None:
    assert len(page.all("th")) == 3 + 3
    told = [text for text in page.texts if "were taken for" in text and "photos of" in text]
    assert told[0] == "7 of 64 photos of “Yosemite” were taken for “None of these”."
    assert len(told) == 5


def test_it_draws_how_sure_it_was_over_how_often_it_was_right(page: Page) -> None:
    assert "81 photos: said 95 %, right 90 %" in page.texts
    assert "On average it is off by 5.3 % (4.0 % to 11.5 %)." in page.text
    dots = [row for row in page.all("circle") if row.get("r") != "6"]
    assert [(dot["cx"], dot["cy"]) for dot in dots] == [("173.0", "150.0"), ("353.0", "38.0")]


def test_it_says_where_it_fails(page: Page) -> None:
    assert "blurred 25 %" in page.text
    assert "Other parks 7 %" in page.text
    assert "other/" not in page.text


def test_what_others_show_is_said_in_words_or_by_their_folder(card: Card) -> None:
    share = {"value": 0.1, "low": 0.0, "high": 0.2}
    shares = dict.fromkeys(("other/near", "other/night sky", "other"), share)
    told = dataclasses.replace(card, metrics={"verdicts": {"called_a_match": shares}})
    shown = model_view(told, read_texts()).called_a_match
    assert list(shown) == [
        "Something that looks alike",
        "Photos from the folder “other/night sky”",
        "Photos from the folder “other”",
    ]


def test_it_says_how_it_was_made_and_leads_on(page: Page) -> None:
    assert "resnet18" in page.text and "Drawn by hand." in page.text and "torch 2.13.0" in page.text
    assert {"/model/report", "/how-it-works"} <= {row["href"] for row in page.all("a")}


def test_a_card_without_figures_says_that_it_has_none(card: Card, predictor: Predictor, settings: Settings) -> None:
    text = _page(card, predictor, settings).text
    assert "nobody can say how well it knows" in text
    assert "What it takes for what" not in text and "Does it know how sure it is?" not in text


@pytest.mark.parametrize("left_out", sorted(METRICS))
def test_a_card_may_lack_any_of_them(card: Card, predictor: Predictor, settings: Settings, left_out: str) -> None:
    metrics = {key: value for key, value in METRICS.items() if key != left_out}
    assert "How it was made" in _page(card, predictor, settings, metrics=metrics).text


@pytest.mark.parametrize(
    "nonsense", [None, "x", 7, [], {}, [[1]], {"value": "x"}, {"labels": ["a"], "counts": [[1, 2]]}, True]
)
def test_figures_without_sense_are_left_out(
    card: Card, predictor: Predictor, settings: Settings, nonsense: object
) -> None:
    changes = {"metrics": dict.fromkeys(METRICS, nonsense), "data": {"note": nonsense, "counts": nonsense}}
    page = _page(card, predictor, settings, **changes, training={"config": nonsense, "packages": nonsense})
    assert "How it was made" in page.text


def test_several_labels_a_photo_have_figures_of_their_own(card: Card, predictor: Predictor, settings: Settings) -> None:
    metrics = {key: value for key, value in METRICS.items() if key != "confusion"}
    text = _page(card, predictor, settings, task="multi_label", other_label=None, metrics=metrics).text
    assert "75 % of the photos have all their labels right" in text
    assert "What it takes for what" not in text


@pytest.mark.parametrize(("n", "has_table"), [(2, True), (11, True), (12, True), (13, False)])
def test_a_table_of_very_many_labels_is_told_in_words_alone(
    card: Card, predictor: Predictor, settings: Settings, n: int, has_table: bool
) -> None:
    labels = tuple(Label(f"label-{number}", f"Label {number}") for number in range(n))
    counts = [[5 if row == column else 1 for column in range(n)] for row in range(n)]
    confusion = {"labels": [label.label for label in labels], "counts": counts}
    changes = {"labels": labels, "other_label": None, "thresholds": Thresholds((0.5,) * n)}
    page = _page(card, predictor, settings, **changes, metrics={"confusion": confusion})
    assert bool(page.all("table")) is has_table
    assert "were taken for" in page.text


def test_labels_and_notes_that_look_like_markup_are_text(card: Card, predictor: Predictor, settings: Settings) -> None:
    hostile = """<script>alert("1")</script>'onload='x"""
    labels = (*card.labels[:2], Label("yosemite", hostile))
    page = _page(card, predictor, settings, labels=labels, metrics=METRICS, data={"note": hostile})
    assert hostile in page.text
    assert not page.all("script")


def test_no_element_has_a_style_of_its_own(page: Page) -> None:
    assert not [tag for tag, attributes in page.elements if "style" in attributes]


def test_every_page_leads_to_it(client: FlaskClient) -> None:
    for address in ("/", "/how-it-works", "/model"):
        assert "/model" in [row["href"] for row in Page(client.get(address)).all("a")]


def test_without_a_model_there_is_none_to_tell_of(settings: Settings) -> None:
    assert create_app(settings).test_client().get("/model", headers=BROWSER).status_code == 503
