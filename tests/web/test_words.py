"""What a visitor is told of each verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.inference.classifier import Classification, Prediction
from app.vision.card import Card, Label, Thresholds
from app.vision.preprocess import PreprocessSpec
from app.vision.verdict import Verdict
from app.web.texts import read_texts
from app.web.words import verdict_words

SAY = read_texts()


def _card(*names: str, other: bool = True) -> Card:
    labels = tuple(Label(name.lower(), name) for name in names)
    labels += (Label("other", "None of these"),) if other else ()
    return Card(
        "toy", "1", "single_label", labels, PreprocessSpec(), 1.0, Thresholds((0.5,) * len(labels)),
        other_label="other" if other else None,
    )  # fmt: skip


def _found(verdict: Verdict, named: list[str], **probabilities: float) -> Classification:
    rows = [Prediction(Label(name.lower(), name), value) for name, value in probabilities.items()]
    rows.sort(key=lambda row: -row.probability)
    return Classification(verdict, tuple(name.lower() for name in named), tuple(rows))


@pytest.mark.parametrize(
    ("probability", "detail"),
    [
        (1.0, "I am quite sure"),
        (0.95, "I am quite sure"),
        (0.949, "I am fairly sure: of ten photos that I am this sure of, about 9 are"),
        (0.8, "I am fairly sure: of ten photos that I am this sure of, about 8 are"),
        (0.799, "I think so, but not more: of ten photos that I am this sure of, about 8 are"),
        (0.3, "I think so, but not more: of ten photos that I am this sure of, about 3 are"),
    ],
)
def test_a_match_is_said_as_surely_as_it_is(probability: float, detail: str) -> None:
    words = verdict_words(_found("match", ["Cat"], Cat=probability, Dog=1 - probability), _card("Cat", "Dog"), SAY)
    assert words.headline == "This looks like Cat."
    assert words.detail.startswith(detail)
    assert words.advice == ()


def test_several_matches_are_all_named_and_only_as_sure_as_the_least() -> None:
    found = _found("match", ["Cat", "Dog", "Cone"], Dog=0.99, Cat=0.97, Cone=0.7, Tree=0.1)
    words = verdict_words(found, _card("Cat", "Dog", "Cone", "Tree"), SAY)
    assert words.headline == "This looks like Dog, Cat and Cone."
    assert words.detail.startswith("I think so")


def test_unsure_names_the_two_likeliest_and_never_the_other() -> None:
    found = _found("unsure", [], other=0.35, Dog=0.34, Cat=0.3, Cone=0.01)
    words = verdict_words(found, _card("Cat", "Dog", "Cone"), SAY)
    assert words.headline == "It could be Dog or Cat."
    assert "not sure enough" in words.detail


def test_unsure_of_a_single_label_names_it_alone() -> None:
    assert verdict_words(_found("unsure", [], Dog=0.6, other=0.4), _card("Dog"), SAY).headline == "It could be Dog."


@pytest.mark.parametrize(
    ("names", "detail"),
    [
        (["Dog"], "I know Dog, and nothing else."),
        (["Cat", "Dog"], "I know Cat and Dog, and nothing else."),
        (["Cat", "Dog", "Cone"], "I know Cat, Dog and Cone, and nothing else."),
    ],
)
@pytest.mark.parametrize("other", [True, False])
def test_unknown_says_what_is_known(names: list[str], detail: str, other: bool) -> None:
    words = verdict_words(_found("unknown", [], Cat=0.5, Dog=0.3), _card(*names, other=other), SAY)
    assert (words.headline, words.detail) == ("This does not look like anything I know.", detail)


def test_several_labels_are_seen_rather_than_looked_like() -> None:
    card = replace(_card("Cat", "Dog"), task="multi_label")
    words = verdict_words(_found("match", ["Cat", "Dog"], Cat=0.99, Dog=0.97), card, SAY)
    assert words.headline == "I see Cat and Dog."
    assert words.detail.startswith("I am quite sure")


def test_where_no_label_is_seen_the_page_says_so() -> None:
    card = replace(_card("Cat", "Dog"), task="multi_label")
    words = verdict_words(_found("unknown", [], Cat=0.1, Dog=0.2), card, SAY)
    assert words.headline == "I see nothing here that I know."
    assert words.detail == "I know Cat and Dog, and nothing else."
