"""From places on the globe to places on a small map."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

# West, south, east and north of the contiguous United States, in degrees.
_USA = (-125.0, 24.4, -66.5, 49.6)
# The parallels and the origin that the U.S. Geological Survey uses for its maps of them, in degrees.
_PARALLELS, _ORIGIN = (29.5, 45.5), (37.5, -96.0)


@dataclass(frozen=True)
class Projected:
    """A place on a flat map; x to the east, y to the north, in radii of the globe."""

    x: float
    y: float


def in_usa(latitude: float, longitude: float) -> bool:
    """Whether a place lies where the outline of the contiguous United States is of use."""
    west, south, east, north = _USA
    return south <= latitude <= north and west <= longitude <= east


def albers(latitude: float, longitude: float) -> Projected:
    """The Albers equal-area conic projection of the contiguous United States, on a sphere; degrees.

    Source: J. P. Snyder, "Map Projections: A Working Manual", USGS Professional Paper 1395, 1987, 14-1 to 14-6.
    """
    first, second = (math.radians(parallel) for parallel in _PARALLELS)
    origin = math.radians(_ORIGIN[0])
    n = (math.sin(first) + math.sin(second)) / 2
    c = math.cos(first) ** 2 + 2 * n * math.sin(first)

    def rho(phi: float) -> float:
        return math.sqrt(c - 2 * n * math.sin(phi)) / n

    theta = n * math.radians(longitude - _ORIGIN[1])
    at = rho(math.radians(latitude))
    return Projected(at * math.sin(theta), rho(origin) - at * math.cos(theta))


def plate_carree(latitude: float, longitude: float, middle_latitude: float) -> Projected:
    """Degrees as they are, narrowed so that shapes hold in the middle; for a map of anywhere, without an outline."""
    return Projected(math.radians(longitude) * math.cos(math.radians(middle_latitude)), math.radians(latitude))


@dataclass(frozen=True)
class Frame:
    """What of the flat map is seen, and how large: `width` and `height` in the SVG's units."""

    west: float
    north: float
    scale: float
    width: float
    height: float

    def place(self, point: Projected) -> tuple[float, float]:
        """Where a point is in the SVG, whose y goes down."""
        return round((point.x - self.west) * self.scale, 1), round((self.north - point.y) * self.scale, 1)


def frame_around(points: Iterable[Projected], width: float, margin: float) -> Frame:
    """The frame that holds all points, with a margin in the SVG's units on each side."""
    xs, ys = zip(*((point.x, point.y) for point in points), strict=True)
    scale = (width - 2 * margin) / max(max(xs) - min(xs), 1e-9)
    height = (max(ys) - min(ys)) * scale + 2 * margin
    return Frame(min(xs) - margin / scale, max(ys) + margin / scale, scale, width, round(height, 1))
