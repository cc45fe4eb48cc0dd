"""The golden picture: the same everywhere, and a card that keeps its logits."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest

from app.vision.card import Card
from app.vision.golden import golden_batch, golden_gap, golden_image, golden_tolerance
from app.vision.preprocess import PreprocessSpec


def test_the_golden_picture_never_changes() -> None:
    digest = hashlib.sha256(golden_image().tobytes()).hexdigest()
    assert digest == "a3dec714c1d3abee2b0a467970b3b01bd257a222997498606103d98d74f6005b"


def test_the_golden_batch_is_one_photo_as_the_network_sees_it() -> None:
    assert golden_batch(PreprocessSpec(size_px=32, decode_px=64)).shape == (1, 3, 32, 32)


def test_the_gap_is_the_largest_difference_in_probability(card: Card) -> None:
    kept = dataclasses.replace(card, golden=(0.0, 0.0, 0.0))
    logits = np.log(np.array([[0.5, 0.3, 0.2]], dtype=np.float32))
    assert golden_gap(logits, kept) == pytest.approx(0.5 - 1 / 3, abs=1e-6)


def test_a_card_without_golden_logits_asks_for_nothing(card: Card) -> None:
    assert golden_gap(np.zeros((1, 3), dtype=np.float32), card) == 0.0


@pytest.mark.parametrize("golden", [[0.0, 1.0], [0.0, 1.0, float("nan")], ["x", 0.0, 0.0], 7])
def test_golden_logits_without_sense_are_refused(card: Card, golden: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        Card.from_json(card.to_json() | {"golden": golden})


def test_golden_logits_survive_the_card(card: Card) -> None:
    kept = dataclasses.replace(card, golden=(0.25, -1.5, 3.0))
    assert Card.from_json(kept.to_json()).golden == (0.25, -1.5, 3.0)


def test_a_network_in_int8_may_be_off_by_more(card: Card) -> None:
    int8 = dataclasses.replace(card, precision="int8")
    assert (golden_tolerance(card), golden_tolerance(int8)) == (1e-3, 1e-2)
    assert Card.from_json(int8.to_json()) == int8


def test_a_card_from_before_there_was_another_is_of_float32(card: Card) -> None:
    data = card.to_json()
    del data["precision"]
    assert Card.from_json(data).precision == "float32"
    with pytest.raises(ValueError, match="int4"):
        Card.from_json(data | {"precision": "int4"})
