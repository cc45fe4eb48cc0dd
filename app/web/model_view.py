"""What the model page shows of a card: what it knows, how well, where it fails, how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.vision.card import Card, Label
from app.web.model_figures import Bin, Figure, at, bins, count, figure, figures_by_name, text
from app.web.subject import subject_of
from app.web.texts import Texts

SPLITS = ("train", "valid", "test")
# A larger table of what was taken for what fits no page; its largest entries are told in words anyhow.
MAX_CONFUSION_LABELS = 12
MAX_MIX_UPS = 5


@dataclass(frozen=True)
class LabelRow:
    """One label: how many photos of it there were, and how well it is found and how right it is when it is named."""

    label: Label
    name: str
    counts: tuple[int | None, ...]
    recall: Figure | None
    precision: Figure | None


@dataclass(frozen=True)
class MixUp:
    """So many of the test photos that show one label were taken for another."""

    shown: str
    said: str
    count: int
    of: int


@dataclass(frozen=True)
class Confusion:
    """What was taken for what: a row of counts for each label that was shown, in the order of `names`."""

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class ModelView:
    """The page. What a card lacks is None or empty."""

    card: Card
    n_photos: int | None
    n_sources: int | None
    headlines: tuple[tuple[str, Figure], ...]
    labels: tuple[LabelRow, ...]
    confusion: Confusion | None
    mix_ups: tuple[MixUp, ...]
    bins: tuple[Bin, ...]
    calibration_error: Figure | None
    called_a_match: Mapping[str, Figure]
    harm: Mapping[str, Figure]
    made: tuple[tuple[str, str], ...]


def model_view(card: Card, say: Texts) -> ModelView:
    """The page of a card."""
    metrics = card.metrics
    confusion = _confusion(card)
    return ModelView(
        card=card,
        n_photos=count(metrics, "n_photos"),
        n_sources=count(metrics, "n_sources"),
        headlines=_headlines(card),
        labels=tuple(_label_row(label, card) for label in card.labels),
        confusion=confusion if confusion and len(confusion.names) <= MAX_CONFUSION_LABELS else None,
        mix_ups=_mix_ups(confusion) if confusion else (),
        bins=bins(metrics, "calibration", "bins_after"),
        calibration_error=figure(metrics, "calibration", "ece_after"),
        called_a_match=_called_a_match(card, say),
        harm=_harm(card),
        made=_made(card, say),
    )


def _headlines(card: Card) -> tuple[tuple[str, Figure], ...]:
    """Keys of `[model_page]` and their figures, the most telling first."""
    first = "accuracy" if card.task == "multi_label" else "accuracy_among_known"
    rows = {
        f"{first}_of_{card.task}": figure(card.metrics, first),
        "match_is_right": figure(card.metrics, "verdicts", "match_is_right"),
        "called_match": figure(card.metrics, "verdicts", "known", "match"),
    }
    return tuple((key, row) for key, row in rows.items() if row)


def _label_row(label: Label, card: Card) -> LabelRow:
    return LabelRow(
        label=label,
        name=subject_of(card).short[label.label],
        counts=tuple(count(card.data, "counts", split, label.label) for split in SPLITS),
        recall=figure(card.metrics, "per_label", label.label, "recall"),
        precision=figure(card.metrics, "per_label", label.label, "precision"),
    )


def _confusion(card: Card) -> Confusion | None:
    """None where the card has none, as of several labels a photo, or one that is not square."""
    labels, rows = at(card.metrics, "confusion", "labels"), at(card.metrics, "confusion", "counts")
    if not isinstance(labels, list) or not isinstance(rows, list) or not labels:
        return None
    counts = tuple(tuple(row) if isinstance(row, list) else () for row in rows)
    is_square = [len(row) for row in counts] == [len(labels)] * len(labels)
    if not is_square or not all(isinstance(n, int) and n >= 0 for row in counts for n in row):
        return None
    short = subject_of(card).short
    return Confusion(tuple(short.get(label, str(label)) for label in labels), counts)


def _mix_ups(confusion: Confusion) -> tuple[MixUp, ...]:
    """The most frequent ones, first those that befall the largest part of a label's photos."""
    names = confusion.names
    found = [
        MixUp(names[row], names[column], n, sum(counts))
        for row, counts in enumerate(confusion.counts)
        for column, n in enumerate(counts)
        if n and row != column
    ]
    return tuple(sorted(found, key=lambda mix_up: (-mix_up.count, mix_up.shown, mix_up.said))[:MAX_MIX_UPS])


def _called_a_match(card: Card, say: Texts) -> dict[str, Figure]:
    """Of photos of no known label, by what they show, in words; by the folder they lay in where there are none."""
    found = figures_by_name(card.metrics, "verdicts", "called_a_match")
    return {_others_in_words(name, say): row for name, row in found.items()}


def _others_in_words(folder: str, say: Texts) -> str:
    key = f"model_page.others_{folder.rpartition('/')[2]}"
    return say(key) if key in say.by_key else say("model_page.others", name=folder)


def _harm(card: Card) -> dict[str, Figure]:
    """How many photos are still right when harmed: of the known labels, or of all where that was not measured."""
    among_known = figures_by_name(card.metrics, "harm", inner=("accuracy_among_known",))
    return among_known or figures_by_name(card.metrics, "harm", inner=("accuracy",))


def _made(card: Card, say: Texts) -> tuple[tuple[str, str], ...]:
    """How it was made: names and what stands beside them."""
    rows = {
        "network": text(card.training, "config", "arch"),
        "note": text(card.data, "note"),
        "licences": _listed(at(card.data, "licences"), say),
        "command": text(card.training, "command"),
        "python": text(card.training, "python"),
        "packages": _listed(at(card.training, "packages"), say),
        "digest": text(card.data, "sha256"),
    }
    return tuple((key, value) for key, value in rows.items() if value)


def _listed(found: Any, say: Texts) -> str | None:
    """A mapping as "name value", or a list, in one line."""
    if isinstance(found, Mapping):
        return say("lists.between").join(f"{name} {value}" for name, value in found.items()) or None
    if isinstance(found, list):
        return say("lists.between").join(map(str, found)) or None
    return found if isinstance(found, str) and found else None
