"""The limits of a check have edges."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from training.check.limits import CheckLimits
from training.errors import ConfigError

FIELDS = dataclasses.fields(CheckLimits)


def limits_with(name: str, value: float) -> CheckLimits:
    changed: dict[str, Any] = {name: value}
    return CheckLimits(**changed)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_limit_below_its_least_is_refused(field: dataclasses.Field[object]) -> None:
    least = field.metadata["least"]
    assert getattr(limits_with(field.name, least), field.name) == least
    with pytest.raises(ConfigError, match=f"--{field.name.replace('_', '-')} must be"):
        limits_with(field.name, math.nextafter(least, -math.inf))


@pytest.mark.parametrize("field", [f for f in FIELDS if f.metadata["most"] < math.inf], ids=lambda field: field.name)
def test_a_limit_above_its_most_is_refused(field: dataclasses.Field[object]) -> None:
    most = field.metadata["most"]
    assert getattr(limits_with(field.name, most), field.name) == most
    with pytest.raises(ConfigError, match="must be from"):
        limits_with(field.name, most + 1)


def test_no_limit_is_endless() -> None:
    with pytest.raises(ConfigError, match="--max-imbalance"):
        CheckLimits(max_imbalance=math.inf)
