"""The learning rate, found on the data."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.training.fitting.quick import QUICK, VOCAB
from training.data import PhotoRow
from training.fit import fit, make_dataloaders, make_learner
from training.fitting.rate import PLOT, find_lr

pytestmark = pytest.mark.slow


def test_the_rate_is_found_drawn_and_the_network_is_as_before(rows: list[PhotoRow], tmp_path: Path) -> None:
    learner = make_learner(make_dataloaders(rows, VOCAB, QUICK), QUICK, VOCAB)
    before = {name: tensor.clone() for name, tensor in learner.model.state_dict().items()}
    assert 1e-7 <= find_lr(learner, tmp_path) <= 10
    with Image.open(tmp_path / PLOT) as plot:
        assert plot.size == (800, 400)
    assert learner.path == Path()
    after = learner.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_rate_that_is_found_is_used(rows: list[PhotoRow], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.fit.find_lr", lambda learner, folder: 0.002)
    configs = (dataclasses.replace(QUICK, find_lr=True, lr=lr) for lr in (0.1, 0.5))
    first, second = (fit(rows, VOCAB, config).model.state_dict() for config in configs)
    assert all(torch.equal(first[name], second[name]) for name in first)
