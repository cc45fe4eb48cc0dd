"""Photos drawn in code, of the two kinds that arrive: straight from a phone, and made smaller by the browser."""

from __future__ import annotations

from dataclasses import dataclass

from tests.photos import draw_scene, encode

_SIZES = {"12 MP": (4000, 3000), "1024 px": (1024, 768)}
_QUALITY = 94  # As in `tests.bench.intake`: 12 megapixels are some 4 MB.


@dataclass(frozen=True)
class Photo:
    """A JPEG. `name` is its kind."""

    name: str
    jpeg: bytes


def draw_photos() -> list[Photo]:
    """One of 12 megapixels (4000 x 3000) and one of 1024 x 768 px."""
    return [Photo(name, encode(draw_scene(1, size), quality=_QUALITY)) for name, size in _SIZES.items()]
