"""The course of a fit."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from tests.training.fitting.quick import QUICK, VOCAB
from training.config import TrainConfig
from training.data import PhotoRow
from training.errors import ConfigError
from training.fit import fit, make_dataloaders, make_learner, round_to_float16, seed_everything
from training.fitting.loaders import set_train_size
from training.fitting.phases import make_phases

pytestmark = pytest.mark.slow


def test_the_phases_are_those_of_fine_tune(rows: list[PhotoRow]) -> None:
    seed_everything(QUICK.seed)
    learner = make_learner(make_dataloaders(rows, VOCAB, QUICK), QUICK, VOCAB)
    with learner.no_bar(), learner.no_logging():
        learner.fine_tune(QUICK.epochs, QUICK.lr, QUICK.freeze_epochs, QUICK.body_lr_divisor)
    round_to_float16(learner.model)
    theirs, ours = learner.model.state_dict(), fit(rows, VOCAB, QUICK).model.state_dict()
    assert all(torch.equal(theirs[name], ours[name]) for name in theirs)


def test_sizes_rise_over_the_epochs_of_the_body() -> None:
    config = TrainConfig(size_px=96, sizes="32,64,96", freeze_epochs=2, epochs=7)
    head, body = make_phases(config, 1e-3)
    assert [head.size_px(epoch) for epoch in range(2)] == [32, 32]
    assert [body.size_px(epoch) for epoch in range(7)] == [32, 32, 32, 64, 64, 96, 96]


def test_without_sizes_every_epoch_has_the_networks_own() -> None:
    assert {phase.size_px(0) for phase in make_phases(QUICK, 1e-3)} == {32}


def test_fewer_epochs_than_sizes_leave_out_some_but_not_the_order() -> None:
    _, body = make_phases(TrainConfig(size_px=96, sizes="32,64,96", epochs=2), 1e-3)
    assert [body.size_px(epoch) for epoch in range(2)] == [32, 64]


def test_another_size_is_for_training_photos_alone(rows: list[PhotoRow]) -> None:
    dls = make_dataloaders(rows, VOCAB, dataclasses.replace(QUICK, size_px=64))
    set_train_size(dls.train, 32)
    assert dls.train.one_batch()[0].shape[2:] == (32, 32)
    assert dls.valid.one_batch()[0].shape[2:] == (64, 64)


@pytest.mark.parametrize("sizes", ["64", "16,32", "a,32", "64,32", "32,", ",", "32.0", "-32,32"])
def test_sizes_that_do_not_lead_to_the_networks_own_are_refused(sizes: str) -> None:
    with pytest.raises(ConfigError, match="--sizes must be"):
        dataclasses.replace(QUICK, sizes=sizes)
