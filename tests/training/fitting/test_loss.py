"""What a mistake costs in training: as much for every label, or more for rare ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from tests.photos import draw_data_folder
from tests.training.fitting.quick import QUICK, VOCAB
from training.config import TrainConfig
from training.data import PhotoRow, read_data_folder
from training.fit import make_dataloaders, make_learner

pytestmark = pytest.mark.slow

PLAIN = dataclasses.replace(QUICK, label_smoothing=0.0)
WEIGHTED = dataclasses.replace(PLAIN, class_weights=True)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[PhotoRow]:
    """To train on: 9 cats, 4 dogs, 1 other; a photo of each to validate."""
    photos = read_data_folder(draw_data_folder(tmp_path_factory.mktemp("loss") / "photos", sources=10, photos=1))
    chosen: list[PhotoRow] = []
    for label, count in (("cats", 9), ("dogs", 4), ("other", 1)):
        first, *others = (row for row in photos if row.label == label)
        chosen.append(dataclasses.replace(first, split="valid"))
        chosen += [dataclasses.replace(row, split="train") for row in others[:count]]
    return chosen


def loss_of(rows: Sequence[PhotoRow], config: TrainConfig) -> Any:
    return make_learner(make_dataloaders(rows, VOCAB, config), config, VOCAB).loss_func


def test_a_photo_costs_as_much_whatever_it_shows(rows: list[PhotoRow]) -> None:
    assert loss_of(rows, PLAIN).func.weight is None


def test_with_class_weights_it_costs_by_the_square_root_of_how_rare_its_label_is(rows: list[PhotoRow]) -> None:
    weight = loss_of(rows, WEIGHTED).func.weight
    assert torch.allclose(weight / weight[0], torch.tensor([1.0, 9 / 4, 9 / 1]).sqrt())
    assert float(weight.mean()) == pytest.approx(1.0)


def test_with_several_labels_a_miss_of_a_rare_one_costs_more_and_a_false_alarm_does_not(rows: list[PhotoRow]) -> None:
    loss = loss_of(rows, dataclasses.replace(WEIGHTED, multi_label=True))
    assert torch.allclose(loss.func.pos_weight, torch.tensor([14 / 9, 14 / 4, 14 / 1]).sqrt())
    nothing = torch.zeros(1, 3)
    alarm = float(loss(nothing, torch.zeros(1, 3)))
    missed = [float(loss(nothing, shown.unsqueeze(0))) - alarm for shown in torch.eye(3)]
    assert missed[0] < missed[1] < missed[2]
