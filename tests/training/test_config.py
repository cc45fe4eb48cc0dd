"""The choices of a training run."""

from __future__ import annotations

import dataclasses

import pytest

from training.config import TrainConfig
from training.errors import ConfigError

RANGES = {
    field.name: (field.metadata["least"], field.metadata["most"])
    for field in dataclasses.fields(TrainConfig)
    if field.metadata["least"] is not None
}


def test_every_number_has_a_range() -> None:
    numbers = {f.name for f in dataclasses.fields(TrainConfig) if type(f.default) in (int, float)}
    assert set(RANGES) == numbers


@pytest.mark.parametrize("name", RANGES)
def test_the_edges_of_a_range_are_taken(name: str) -> None:
    for edge in RANGES[name]:
        if edge < float("inf"):
            assert getattr(TrainConfig(**{name: edge}), name) == edge


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("odd", ["below", "above", "nan"])
def test_what_is_beyond_a_range_is_refused(name: str, odd: str) -> None:
    least, most = RANGES[name]
    value = {"below": least - 1, "above": most + 1, "nan": float("nan")}[odd]
    with pytest.raises(ConfigError, match=f"--{name.replace('_', '-')} must be"):
        TrainConfig(**{name: value})


def test_photos_are_decoded_at_twice_the_size_the_network_sees() -> None:
    spec = TrainConfig(size_px=96).preprocess
    assert (spec.size_px, spec.decode_px) == (96, 192)
