"""What a bundle is about, as far as its card tells: so that pages speak of parks, cats or cones in their own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.vision.card import Card, Label
from app.web.texts import Texts


@dataclass(frozen=True)
class Subject:
    """`known` are the labels that stand for something, without "none of these".

    `kind` is what the known labels' names end with, all of them: "National Park"; None where they share nothing.
    `short` has each label's name without it, by slug. `has_places` tells whether the labels are places on the map.
    """

    known: tuple[Label, ...]
    kind: str | None
    short: Mapping[str, str]
    has_places: bool

    def brand(self, say: Texts) -> str:
        """What the site calls itself: "Which Park?"."""
        return say("site.brand_of_kind", kind=self.kind.split()[-1]) if self.kind else say("site.brand_of_anything")

    def names(self, say: Texts, conjunction: str = "and") -> str:
        """The known labels in a sentence: "Sequoia, Yellowstone and Yosemite"."""
        return say.listed([self.short[label.label] for label in self.known], conjunction)


def subject_of(card: Card) -> Subject:
    """The subject of a card's labels."""
    known = tuple(label for label in card.labels if label.label != card.other_label)
    shared = _shared_ending([label.name.split() for label in known])
    short = {label.label: label.name for label in card.labels}
    if shared:
        short |= {label.label: " ".join(label.name.split()[: -len(shared)]) for label in known}
    return Subject(known, " ".join(shared) or None, short, any(place_of(label) for label in known))


def place_of(label: Label) -> tuple[float, float] | None:
    """Latitude and longitude in degrees, if the card tells them and they have sense."""
    latitude, longitude = label.facts.get("latitude"), label.facts.get("longitude")
    if not _is_number(latitude, 90) or not _is_number(longitude, 180):
        return None
    return float(str(latitude)), float(str(longitude))


def _is_number(value: object, most: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= most


def _shared_ending(names: list[list[str]]) -> list[str]:
    """The words that all names end with, of each at least its first word left over; none of a single name."""
    shared: list[str] = []
    if len(names) < 2:
        return shared
    for words in zip(*(reversed(name[1:]) for name in names), strict=False):
        if len(set(words)) > 1:
            break
        shared.insert(0, words[0])
    return shared
