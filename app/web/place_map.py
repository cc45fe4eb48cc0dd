"""A small map of where the labels are, for the page to draw: nobody else is asked for one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from app.vision.card import Label
from app.web.projection import Frame, Projected, albers, frame_around, in_usa, plate_carree
from app.web.subject import Subject, place_of

# Longitudes and latitudes of the outline and of the states' borders; the file says where they come from.
_OUTLINE = Path(__file__).with_name("usa.json")
_WIDTH, _MARGIN = 360.0, 8.0
_LINE_PX = 15.0
# A map without an outline shows this much around its places at least, and a line every so many degrees.
_LEAST_SPAN, _GRID = 12.0, 5.0
_MOST_GRID_LINES = 12


@dataclass(frozen=True)
class Dot:
    """A place on the map; a `name` and where it is written only for those that the verdict is about."""

    x: float
    y: float
    name: str = ""
    text_y: float = 0.0

    @property
    def is_east(self) -> bool:
        """Whether its name is written to its left."""
        return self.x > _WIDTH * 0.6


@dataclass(frozen=True)
class PlaceMap:
    """The map: `land` and `lines` are SVG paths, and `land` is empty where there is no outline."""

    width: float
    height: float
    land: str
    lines: str
    dots: tuple[Dot, ...]


def place_map(meant: Sequence[Label], subject: Subject) -> PlaceMap | None:
    """A map of all places that a card knows, those named that are meant; None if no place of them is known."""
    places = {label.label: place for label in subject.known if (place := place_of(label))}
    if not any(label.label in places for label in meant):
        return None
    everywhere = list(places.values())
    if all(in_usa(*place) for place in everywhere):
        frame, land, lines = _usa()
        projected = {name: albers(*place) for name, place in places.items()}
    else:
        middle = sum(latitude for latitude, _ in everywhere) / len(everywhere)
        frame, lines = _grid(everywhere, middle)
        land, projected = "", {name: plate_carree(*place, middle) for name, place in places.items()}
    named = {label.label: subject.short[label.label] for label in meant}
    dots = _dots({name: frame.place(point) for name, point in projected.items()}, named)
    return PlaceMap(frame.width, frame.height, land, lines, dots)


def _dots(places: dict[str, tuple[float, float]], named: dict[str, str]) -> tuple[Dot, ...]:
    """Small dots first, then the named ones from north to south, their names one beneath the other."""
    dots = [Dot(x, y) for name, (x, y) in places.items() if name not in named]
    lowest = -math.inf
    for name, (x, y) in sorted(((name, places[name]) for name in named if name in places), key=lambda row: row[1][1]):
        lowest = max(y, lowest + _LINE_PX)
        dots.append(Dot(x, y, named[name], lowest))
    return tuple(dots)


@cache
def _usa() -> tuple[Frame, str, str]:
    """The frame, outline and borders of the contiguous United States."""
    drawing = json.loads(_OUTLINE.read_text(encoding="utf-8"))
    outline, borders = (
        [[albers(latitude, longitude) for longitude, latitude in line] for line in drawing[key]]
        for key in ("outline", "borders")
    )
    frame = frame_around([point for line in outline for point in line], _WIDTH, _MARGIN)
    return frame, "".join(_path(line, frame) + "z" for line in outline), "".join(_path(line, frame) for line in borders)


def _grid(places: Sequence[tuple[float, float]], middle: float) -> tuple[Frame, str]:
    """A frame around the places, and meridians and parallels in it."""
    latitudes, longitudes = zip(*places, strict=True)
    project = partial(plate_carree, middle_latitude=middle)
    (south, north), (west, east) = _span(latitudes), _span(longitudes)
    frame = frame_around([project(south, west), project(north, east)], _WIDTH, _MARGIN)
    lines = [[project(south, at), project(north, at)] for at in _steps(west, east)]
    lines += [[project(at, west), project(at, east)] for at in _steps(south, north)]
    return frame, "".join(_path(line, frame) for line in lines)


def _span(values: Sequence[float]) -> tuple[float, float]:
    middle, half = (min(values) + max(values)) / 2, (max(values) - min(values)) * 0.65
    half = max(half, _LEAST_SPAN / 2)
    return middle - half, middle + half


def _steps(low: float, high: float) -> Iterator[float]:
    step = _GRID * math.ceil((high - low) / _GRID / _MOST_GRID_LINES)
    at = math.ceil(low / step) * step
    while at <= high:
        yield at
        at += step


def _path(line: Sequence[Projected], frame: Frame) -> str:
    """Straight lines from point to point, in SVG's shortest words: whole numbers, each from the last point."""
    points = [tuple(round(value) for value in frame.place(point)) for point in line]
    path, last = f"M{points[0][0]} {points[0][1]}", points[0]
    for x, y in points[1:]:
        if (x, y) != last:
            path += f"l{x - last[0]} {y - last[1]}"
            last = (x, y)
    return path
