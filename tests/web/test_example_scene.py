"""The landscape of the page that explains the network."""

from __future__ import annotations

import hashlib

from app.vision.image_io import open_image
from app.web.example_scene import draw_landscape, example_photo


def test_the_example_is_always_the_same_landscape() -> None:
    assert draw_landscape().tobytes() == draw_landscape().tobytes()
    assert hashlib.sha256(example_photo()).digest() == hashlib.sha256(example_photo()).digest()


def test_the_example_is_a_photo_like_any_other() -> None:
    image = open_image(example_photo())
    assert (image.mode, image.size) == ("RGB", (640, 420))
    assert len(image.resize((16, 16)).getcolors() or []) > 100
