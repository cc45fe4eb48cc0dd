"""The served model, or the reason why there is none."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from app.errors import BundleMissingError, ModelUnavailableError
from app.inference.model_slot import ModelSlot
from app.inference.predictor import Predictor
from app.vision.bundle import ModelBundle
from app.vision.card import Card
from app.vision.limits import ImageLimits
from tests.fakes import FakeRuntime


def test_a_loaded_model_is_warm_before_it_is_served(predictor: Predictor, runtime: FakeRuntime) -> None:
    slot = ModelSlot(lambda: predictor)
    assert slot.is_ready
    assert slot.predictor is predictor
    assert len(runtime.batches) == 1


def _missing() -> Predictor:
    raise BundleMissingError("/srv/models/CURRENT cannot be read")


def test_without_a_bundle_the_log_says_why_and_the_client_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="app"):
        slot = ModelSlot(_missing)
    assert "/srv/models/CURRENT" in caplog.text
    assert not slot.is_ready
    with pytest.raises(ModelUnavailableError) as caught:
        _ = slot.predictor
    assert "/srv" not in str(caught.value)


def test_a_broken_network_is_not_served(card: Card, tmp_path: Path) -> None:
    bundle = ModelBundle(tmp_path, card)
    slot = ModelSlot(lambda: Predictor(bundle, FakeRuntime([0.0, float("nan"), 1.0]), ImageLimits(), 1, 1.0))
    assert not slot.is_ready


def test_a_bug_is_not_taken_for_a_broken_bundle() -> None:
    def buggy() -> Predictor:
        raise AssertionError("a bug")

    with pytest.raises(AssertionError, match="a bug"):
        ModelSlot(buggy)
