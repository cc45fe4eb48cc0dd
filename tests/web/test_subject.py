"""What pages take a bundle to be about, from its labels' names and facts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.vision.card import Card, Label, Thresholds
from app.web.subject import place_of, subject_of
from app.web.texts import read_texts

SAY = read_texts()


def card_of(card: Card, *names: str) -> Card:
    labels = (Label("other", "None of these"), *(Label(name, name) for name in names))
    return replace(card, labels=labels, thresholds=Thresholds((0.5,) * len(labels)))


@pytest.mark.parametrize(
    ("names", "kind", "short", "brand"),
    [
        (["Sequoia National Park", "Yosemite National Park"], "National Park", ["Sequoia", "Yosemite"], "Which Park?"),
        (["Oak tree", "Red pine tree"], "tree", ["Oak", "Red pine"], "Which tree?"),
        (["Cat", "Dog"], None, ["Cat", "Dog"], "What is it?"),
        (["Cat", "Wild Cat"], None, ["Cat", "Wild Cat"], "What is it?"),
        (["National Park", "Yosemite National Park"], "Park", ["National", "Yosemite National"], "Which Park?"),
        (["Yosemite National Park"], None, ["Yosemite National Park"], "What is it?"),
        (["Zion National Park", "Golden Gate"], None, ["Zion National Park", "Golden Gate"], "What is it?"),
    ],
)
def test_what_all_names_end_with_is_the_kind(
    card: Card, names: list[str], kind: str | None, short: list[str], brand: str
) -> None:
    subject = subject_of(card_of(card, *names))
    assert subject.kind == kind
    assert [subject.short[name] for name in names] == short
    assert subject.short["other"] == "None of these"
    assert subject.brand(SAY) == brand


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ({"latitude": 37.85, "longitude": -119.56}, (37.85, -119.56)),
        ({"latitude": 90, "longitude": -180}, (90.0, -180.0)),
        ({"latitude": 90.1, "longitude": 0}, None),
        ({"latitude": 0, "longitude": 180.1}, None),
        ({"latitude": 37.85}, None),
        ({"latitude": "37", "longitude": "-119"}, None),
        ({"latitude": float("nan"), "longitude": 0}, None),
        ({"latitude": True, "longitude": True}, None),
        ({}, None),
    ],
)
def test_a_place_is_one_only_where_its_numbers_have_sense(
    facts: dict[str, object], place: tuple[float, float] | None
) -> None:
    assert place_of(Label("a", "A", facts)) == place
