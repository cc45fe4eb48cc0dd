"""Which categories and files of Wikimedia Commons surely show something else than how a park looks."""

from __future__ import annotations

import re


def _any_word_of(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])({'|'.join(alternatives)})(?![a-z])")


# Of a category: one of these anywhere in its title ends the walk there.
_CATEGORY = _any_word_of(
    "maps?|logos?|signs?|signage|flags?|seals|coats? of arms|stamps?|coins?|currency",
    "documents?|brochures?|books?|newspapers?|posters?|postcards?|plans|drawings?|diagrams?",
    "paintings?|art|artworks?|illustrations?|sculptures?|engravings?|stereographs?|stereoviews?|petroglyphs?",
    "people|persons?|portraits?|rangers?|staff|visitors?|tourists?|presidents?|politicians?|births|deaths",
    "history of|historical images|museum collections?|archives?|specimens?|exhibits?|interiors?",
    "animals?|wildlife|fauna|birds?|mammals?|insects?|reptiles?|amphibians?|fish(es)?|butterfl(y|ies)|spiders?",
    "flora|plants?|flowers?|fungi|lichens?|mushrooms?",
    "vehicles?|trains?|locomotives?|aircraft|helicopters?|buses|automobiles?",
    "visitor cent(er|re)s?|restaurants?|hotels?|lodges?",
    "videos?|audio|sounds?|webcams?|satellite|from space|orbit",
    "user|wikimedia|wikipedia|needing|unidentified|uncategori[sz]ed",
)
# Of a file, where a place may well be called Bear Lake or Painted Desert: what is no photo of a place at all.
_FILE = _any_word_of(
    "maps?|locator|plan|diagram|chart|logo|seal|emblem|badge|stamp|poster|postcard|brochure|newspaper",
    "portrait|painting|drawing|herbarium|specimen|satellite|landsat|haer|habs",
)


def is_denied_category(title: str) -> bool:
    return _CATEGORY.search(title.lower()) is not None


def is_denied_file(title: str) -> bool:
    return _FILE.search(title.lower()) is not None
