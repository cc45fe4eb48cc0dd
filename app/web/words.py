"""What the pages say of a verdict, in words a person would use."""

from __future__ import annotations

from dataclasses import dataclass

from app.inference.classifier import Classification, Prediction
from app.vision.card import Card


@dataclass(frozen=True)
class VerdictWords:
    """A headline, and a sentence beneath it."""

    headline: str
    detail: str


def verdict_words(found: Classification, card: Card) -> VerdictWords:
    """The verdict as a person would say it."""
    known = [label.name for label in card.labels if label.label != card.other_label]
    if card.task == "multi_label" and found.verdict == "unknown":
        return VerdictWords("I see nothing here that I know.", f"I know {_list(known, 'and')}, and nothing else.")
    if found.verdict == "match":
        names = [row.label.name for row in found.predictions if row.label.label in found.labels]
        seen = "I see" if card.task == "multi_label" else "This looks like"
        return VerdictWords(f"{seen} {_list(names, 'and')}.", _how_sure(found.predictions, found.labels))
    candidates = [row for row in found.predictions if row.label.label != card.other_label][:2]
    if found.verdict == "unsure":
        return VerdictWords(
            f"It could be {_list([row.label.name for row in candidates], 'or')}.",
            "I am not sure enough to say. A photo with more of the landscape, or from another angle, may help.",
        )
    return VerdictWords("This does not look like a place I know.", f"I know {_list(known, 'and')}, and nothing else.")


def _how_sure(predictions: tuple[Prediction, ...], labels: tuple[str, ...]) -> str:
    least = min(row.probability for row in predictions if row.label.label in labels)
    if least >= 0.95:
        return "I am quite sure."
    return "I am fairly sure." if least >= 0.8 else "I think so, but I have been wrong with photos like this."


def _list(names: list[str], conjunction: str) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {conjunction} {names[-1]}"
