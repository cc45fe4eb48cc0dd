"""The map of the labels' places."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import pytest

from app.vision.card import Card, Label, Thresholds
from app.web.place_map import PlaceMap, place_map
from app.web.projection import albers
from app.web.subject import subject_of
from tests.conftest import ROOT


def at(name: str, latitude: float, longitude: float) -> Label:
    return Label(name.lower(), name, {"latitude": latitude, "longitude": longitude})


YOSEMITE, SEQUOIA, ACADIA = at("Yosemite", 37.85, -119.56), at("Sequoia", 36.51, -118.58), at("Acadia", 44.35, -68.21)
DENALI, NOWHERE = at("Denali", 63.33, -150.5), Label("nowhere", "Nowhere")


def map_of(card: Card, labels: tuple[Label, ...], meant: tuple[Label, ...]) -> PlaceMap | None:
    return place_map(meant, subject_of(replace(card, labels=labels, other_label=None, thresholds=Thresholds(()))))


def drawn(card: Card, labels: tuple[Label, ...], meant: tuple[Label, ...]) -> PlaceMap:
    found = map_of(card, labels, meant)
    assert found is not None
    return found


def test_the_projection_is_albers() -> None:
    """Snyder 1987, appendix A, the numerical example for the sphere: from 23 N 96 W to 35 N 75 W."""
    origin, point = albers(23.0, -96.0), albers(35.0, -75.0)
    assert point.x - origin.x == pytest.approx(0.2952720)
    assert point.y - origin.y == pytest.approx(0.2416774)


def test_equal_areas_stay_equal() -> None:
    def area(latitude: float, longitude: float) -> float:
        step = 0.01
        a, b, c = albers(latitude, longitude), albers(latitude + step, longitude), albers(latitude, longitude + step)
        return abs((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)) / math.cos(math.radians(latitude + step / 2))

    assert area(26, -80) == pytest.approx(area(48, -122), rel=1e-3)


def test_the_outline_says_where_it_comes_from() -> None:
    drawing = json.loads((ROOT / "app" / "web" / "usa.json").read_text(encoding="utf-8"))
    assert "U.S. Census Bureau" in drawing["source"] and "public domain" in drawing["source"]


def test_the_named_place_is_where_it_is_in_the_country(card: Card) -> None:
    found = drawn(card, (YOSEMITE, SEQUOIA, ACADIA), (YOSEMITE,))
    assert found.land.startswith("M") and found.land.endswith("z")
    [named] = [dot for dot in found.dots if dot.name]
    others = [dot for dot in found.dots if not dot.name]
    assert named.name == "Yosemite"
    assert named.x < 0.2 * found.width and not named.is_east
    assert max(dot.x for dot in others) > 0.9 * found.width
    numbers = re.findall(r"M(-?\d+) (-?\d+)", found.land + found.lines)
    assert all(0 <= int(x) <= found.width and 0 <= int(y) <= found.height for x, y in numbers)


def test_the_names_of_neighbours_do_not_overlap(card: Card) -> None:
    found = drawn(card, (YOSEMITE, SEQUOIA), (SEQUOIA, YOSEMITE))
    first, second = [dot for dot in found.dots if dot.name]
    assert [first.name, second.name] == ["Yosemite", "Sequoia"]  # From north to south.
    assert second.text_y - first.text_y >= 14


@pytest.mark.parametrize("labels", [(DENALI,), (DENALI, YOSEMITE), (at("Pole", -90, 0), at("Fiji", -17.8, 178.0))])
def test_places_elsewhere_have_a_plain_grid(card: Card, labels: tuple[Label, ...]) -> None:
    found = drawn(card, labels, labels[:1])
    assert found.land == ""
    assert found.lines.count("M") >= 4
    assert all(0 <= dot.x <= found.width and 0 <= dot.y <= found.height for dot in found.dots)


def test_a_label_without_a_place_has_no_map(card: Card) -> None:
    assert map_of(card, (NOWHERE,), (NOWHERE,)) is None
    assert map_of(card, (NOWHERE, YOSEMITE), (NOWHERE,)) is None
    assert map_of(card, (YOSEMITE,), ()) is None
    assert [dot.name for dot in drawn(card, (NOWHERE, YOSEMITE), (NOWHERE, YOSEMITE)).dots] == ["Yosemite"]
