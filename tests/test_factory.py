"""What an operator chose reaches the parts it is for."""

from __future__ import annotations

import dataclasses

import pytest

from app.config import Settings
from app.factory import image_limits
from app.vision.limits import ImageLimits


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(ImageLimits)])
def test_every_limit_on_a_photo_is_a_setting(name: str) -> None:
    assert image_limits(Settings()) == ImageLimits()
    other = getattr(Settings(), name) + 1
    chosen = dataclasses.replace(Settings(), **{name: other})
    assert image_limits(chosen) == dataclasses.replace(ImageLimits(), **{name: other})
