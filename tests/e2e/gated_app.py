"""The application with a network that waits at a gate: so that a test decides how long photos take.

The gate is a file; the network lets photos through while it is there, and writes a line into `<gate>.seen` for each.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from flask import Flask

from app.config import Settings
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.inference.runtime import Array, NetworkOutput
from app.vision.bundle import ModelBundle
from app.vision.card import Card, Label, Thresholds
from app.vision.limits import ImageLimits
from app.vision.preprocess import PreprocessSpec
from tests.fakes import FakeRuntime

_WAIT_S = 60.0


class GatedRuntime(FakeRuntime):
    """See the module."""

    def __init__(self, gate: Path) -> None:
        super().__init__([0.0, 4.0])
        self.gate = gate

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        if not self.batches:  # The warm-up.
            return super().run(batch, with_layers=with_layers)
        with self.gate.with_suffix(".seen").open("a") as seen:
            seen.write("a photo\n")
        until = time.monotonic() + _WAIT_S
        while not self.gate.exists() and time.monotonic() < until:
            time.sleep(0.01)
        return super().run(batch, with_layers=with_layers)


def create() -> Flask:
    """For gunicorn."""
    card = Card(
        name="gated",
        version="1",
        task="single_label",
        labels=(Label("other", "None of these"), Label("yosemite", "Yosemite National Park")),
        other_label="other",
        preprocess=PreprocessSpec(size_px=32, decode_px=64),
        temperature=1.0,
        thresholds=Thresholds((0.8, 0.8)),
    )
    gate = Path(os.environ["GATE"])
    settings = Settings.from_environ(os.environ)
    bundle = ModelBundle(gate.parent / card.folder_name, card)
    limits = ImageLimits(settings.max_image_px)
    predictor = Predictor(
        bundle, NetworkQueue(GatedRuntime(gate), settings.max_waiting, settings.max_wait_s), limits, settings.max_wait_s
    )
    return create_app(settings, ModelSlot(lambda: predictor))
