"""What the page of the look inside shows beside the look itself: names, sums, and the rules of the verdict in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.inference.inside.look import LabelLook, LookInside
from app.vision.card import Card
from app.web import figures
from app.web.subject import subject_of
from app.web.texts import Texts
from app.web.words import verdict_words


@dataclass(frozen=True)
class Rule:
    """One rule of the verdict, held to the photo's numbers. `scale`: a value, its limit, and the scale's two ends."""

    text: str
    scale: tuple[float, float, float, float] | None = None


def inside_view(look: LookInside, card: Card, say: Texts) -> dict[str, Any]:
    """What the template is given."""
    short = subject_of(card).short
    return {
        "look": look,
        "short": short,
        "several": card.task == "multi_label",
        "words": verdict_words(look.classification, card, say),
        "rules": _rules(look, card, short, say),
        "figures": figures,
        "inputs": [figures.signed(value) for value in look.corner.first],
        "layer_names": {layer.name: _layer_name(layer.name, say) for layer in look.layers},
        "sum_of_places": float(look.places.sum(dtype="float64")),
        "highest_score": max(abs(row.score) for row in look.labels) or 1.0,
        "scores": [f"{short[row.label.label]} {figures.signed(row.score, 5)}" for row in look.labels],
        "temperature": f"{card.temperature:.2f}",
        "n_more": look.n_labels - len(look.labels),
        "rest": max(0.0, 1.0 - sum(row.probability for row in look.labels)),
    }


def _layer_name(name: str, say: Texts) -> str:
    key = f"inside.layer_{name}"
    return say(key) if key in say.by_key else say("inside.layer_any", name=name)


def _rules(look: LookInside, card: Card, short: Mapping[str, str], say: Texts) -> list[Rule]:
    """In the order in which `verdict.decide` asks them."""
    asked = look.labels if card.task == "multi_label" else look.labels[:1]
    rules = [_rule_of_label(row, card, short, say) for row in asked]
    if look.classification.strangeness is not None:
        value, limit = look.classification.strangeness
        outcome = say("inside.strange" if value > limit else "inside.familiar")
        text = say("inside.verdict_strange", value=figures.signed(value), limit=figures.signed(limit), outcome=outcome)
        margin = 0.75 * abs(value - limit)
        rules.append(Rule(text, (value, limit, min(value, limit) - margin, max(value, limit) + margin)))
    return rules


def _rule_of_label(row: LabelLook, card: Card, short: Mapping[str, str], say: Texts) -> Rule:
    name = short[row.label.label]
    if row.label.label == card.other_label:
        return Rule(say("inside.verdict_other", name=name))
    outcome = say("inside.reaches" if row.probability >= row.threshold else "inside.falls_short")
    probability, threshold = figures.percent(row.probability), figures.percent(row.threshold)
    text = say("inside.verdict_needs", name=name, probability=probability, threshold=threshold, outcome=outcome)
    return Rule(text, (row.probability, row.threshold, 0.0, 1.0))
