"""What the pages say of a verdict, in words a person would use."""

from __future__ import annotations

from dataclasses import dataclass

from app.inference.classifier import Classification
from app.vision.card import Card, Label
from app.web.subject import Subject, subject_of
from app.web.texts import Texts

# A label beneath this is not what the photo "could be", unless it is the likeliest.
_LEAST_CANDIDATE = 0.05


@dataclass(frozen=True)
class VerdictWords:
    """A headline, a sentence beneath it, and what to try next where the verdict leaves something to wish."""

    headline: str
    detail: str
    advice: tuple[str, ...] = ()


def verdict_words(found: Classification, card: Card, say: Texts) -> VerdictWords:
    """The verdict as a person would say it."""
    subject = subject_of(card)
    names = [subject.short[label.label] for label in spoken_of(found, card)]
    if found.verdict == "match":
        key = "verdict.match_several" if card.task == "multi_label" else "verdict.match"
        return VerdictWords(say(key, names=say.listed(names)), _how_sure(found, say))
    if found.verdict == "unsure":
        headline = say("verdict.unsure", names=say.listed(names, "or"))
        return VerdictWords(headline, say("verdict.not_sure"), _advice(subject, say))
    known = say("verdict.known", names=subject.names(say))
    return VerdictWords(_headline_of_unknown(card, subject, say), known, _advice(subject, say))


def _headline_of_unknown(card: Card, subject: Subject, say: Texts) -> str:
    if card.task == "multi_label":
        return say("verdict.unknown_several")
    return say("verdict.unknown_kind", kind=subject.kind.lower()) if subject.kind else say("verdict.unknown")


def spoken_of(found: Classification, card: Card) -> tuple[Label, ...]:
    """The labels that a verdict is about: its matches; or the two likeliest known, one where the second is out of the
    question; none for `unknown`.
    """
    if found.verdict == "match":
        return tuple(row.label for row in found.predictions if row.label.label in found.labels)
    if found.verdict == "unknown":
        return ()
    known = [row for row in found.predictions if row.label.label != card.other_label]
    likely = [row for row in known[1:2] if row.probability >= _LEAST_CANDIDATE]
    return tuple(row.label for row in (*known[:1], *likely))


def _how_sure(found: Classification, say: Texts) -> str:
    """The least sure of the labels that a match names, as how often such a verdict is right: what calibration means."""
    least = min(row.probability for row in found.predictions if row.label.label in found.labels)
    if least >= 0.95:
        return say("verdict.quite_sure")
    right = min(9, round(10 * least))
    return say("verdict.fairly_sure" if least >= 0.8 else "verdict.hardly_sure", right=right)


def _advice(subject: Subject, say: Texts) -> tuple[str, ...]:
    first = "advice.places" if subject.has_places else "advice.things"
    return tuple(say(key) for key in (first, "advice.angle", "advice.clear", "advice.crop"))
