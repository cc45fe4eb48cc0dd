"""What the result page shows of a photo, ready to be written down."""

from __future__ import annotations

from dataclasses import dataclass

from app.inference.classifier import Prediction
from app.inference.predictor import PhotoResult
from app.vision.card import Card, Label
from app.vision.evidence import heat_map, jpeg_data_uri, png_data_uri
from app.vision.verdict import Verdict
from app.web.place_map import PlaceMap, place_map
from app.web.subject import subject_of
from app.web.texts import Texts
from app.web.words import VerdictWords, spoken_of, verdict_words

_SHOWN_PX = 960
_SHOWN_AS_CARD_PX = 560
# The browser enlarges it; of a network's 7 x 7 places no more is to be seen.
_MAP_PX = 160
# Each is a picture of its own, and static/style.css has a rule for each.
MAX_MAPS = 5


@dataclass(frozen=True)
class ShownRow:
    """A bar: `percent` is its length, 0 to 100; `figure` is what stands beside it."""

    name: str
    percent: float
    figure: str


@dataclass(frozen=True)
class ShownMap:
    """What speaks for one label, as a picture to lay over the photo."""

    name: str
    uri: str


@dataclass(frozen=True)
class ShownFact:
    """What the card tells of a label that the verdict is about; empty where it tells nothing."""

    name: str
    state: str
    link: str


@dataclass(frozen=True)
class Shown:
    """A photo that was looked at.

    `photo` is a data URI; None where the browser has the photo and shows it by itself. `labels` are those that the
    verdict is about: its matches, or what it could be; none for `unknown`. `maps` begin with the likeliest label; `map`
    is the one of the country.
    """

    source: str
    prediction_id: str
    verdict: Verdict
    words: VerdictWords
    labels: tuple[Label, ...]
    facts: tuple[ShownFact, ...]
    map: PlaceMap | None
    rows: tuple[ShownRow, ...]
    maps: tuple[ShownMap, ...]
    photo: str | None
    timing_ms: float


@dataclass(frozen=True)
class NotShown:
    """A photo, of several, that could not be looked at, and why."""

    source: str
    message: str


def show(source: str, found: PhotoResult, card: Card, say: Texts, *, keeps_photo: bool, as_card: bool) -> Shown:
    """One photo's part of the page.

    Args:
        keeps_photo: the browser shows its own photo, so that it is not sent back.
        as_card: it is one of several, and shown small.
    """
    rows = found.classification.predictions
    meant = spoken_of(found.classification, card)
    photo_px = _SHOWN_AS_CARD_PX if as_card else _SHOWN_PX
    return Shown(
        source=source,
        prediction_id=found.prediction_id,
        verdict=found.classification.verdict,
        words=verdict_words(found.classification, card, say),
        labels=meant,
        facts=tuple(fact for label in meant if (fact := _fact(label)).state or fact.link),
        map=place_map(meant, subject_of(card)),
        rows=tuple(_shown_row(row, say) for row in rows),
        maps=_maps(found, card),
        photo=None if keeps_photo else jpeg_data_uri(found.image, photo_px),
        timing_ms=found.timing_ms.decode + found.timing_ms.inference,
    )


def _fact(label: Label) -> ShownFact:
    """Only a link to the web is one to show: a card is made by people, and may come from elsewhere."""
    link = str(label.facts.get("link") or "")
    return ShownFact(label.name, str(label.facts.get("state") or ""), link if link.startswith("https://") else "")


def _shown_row(row: Prediction, say: Texts) -> ShownRow:
    percent = 100 * row.probability
    figure = say("bars.hardly") if percent < 1 else say("bars.percent", value=round(percent))
    return ShownRow(row.label.name, round(percent, 2), figure)


def _maps(found: PhotoResult, card: Card) -> tuple[ShownMap, ...]:
    """The heat maps of the likeliest labels."""
    short = subject_of(card).short
    labels = [row.label.label for row in found.classification.predictions[:MAX_MAPS]]
    maps = (heat_map(found.evidence, card.vocab.index(label), found.image.size, card.task, _MAP_PX) for label in labels)
    return tuple(ShownMap(short[label], png_data_uri(image)) for label, image in zip(labels, maps, strict=True))
