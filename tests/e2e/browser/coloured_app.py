"""The application with a network that goes by colour, so that a test chooses the verdict by what it draws.

Red is Yosemite, green Yosemite or Sequoia, blue none of them; for black the server is busy once, for white always.
Every host of the internet sends a red photo, but for `page.example`, which has a web page.
"""

from __future__ import annotations

import os
from dataclasses import replace
from ipaddress import ip_address

import numpy as np
from flask import Flask

from app.config import Settings
from app.errors import BusyError
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.inference.runtime import Array, NetworkOutput
from app.intake.url_fetch.connect import Connector, dial
from app.intake.url_fetch.fetcher import UrlFetcher
from app.intake.url_fetch.limits import FetchLimits
from app.vision.bundle import ModelBundle
from app.vision.card import Card, Label, Task, Thresholds
from app.vision.limits import ImageLimits
from app.vision.preprocess import PreprocessSpec
from tests.cards import METRICS
from tests.e2e.browser.drawings import draw_landscape
from tests.fakes import some_layers
from tests.intake.url_fetch.internet import LOCAL, HostileServer, reply
from tests.photos import encode

PARKS = (
    Label("other", "None of these"),
    Label(
        "sequoia",
        "Sequoia National Park",
        {"state": "California", "latitude": 36.51, "longitude": -118.58, "link": "https://www.nps.gov/seki/"},
    ),
    Label(
        "yosemite",
        "Yosemite National Park",
        {"state": "California", "latitude": 37.85, "longitude": -119.56, "link": "https://www.nps.gov/yose/"},
    ),
)
THINGS = (Label("cone", "Traffic cone"), Label("dog", "Dog"))
_LOGITS = {"red": (0.0, 1.0, 4.0), "green": (0.0, 3.0, 3.2), "blue": (5.0, 0.0, 1.0)}
_DARK, _BRIGHT = 0.06, 0.94
_PLACES = 8


class ColourRuntime:
    """See the module. Its evidence lies where a photo is bright."""

    name = "colour"
    parallel = 1
    max_batch = 1

    def __init__(self, spec: PreprocessSpec, n_labels: int) -> None:
        self._spec = spec
        self._n_labels = n_labels
        self._was_busy = False

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        scale = np.asarray(self._spec.std)[:, None, None], np.asarray(self._spec.mean)[:, None, None]
        pixels = batch[0] * scale[0] + scale[1]
        means = pixels.mean(axis=(1, 2))
        self._refuse_if_busy(means)
        logits = np.array(_LOGITS[("red", "green", "blue")[int(means.argmax())]], dtype=np.float32)[-self._n_labels :]
        side = pixels.shape[1] // _PLACES
        places = pixels.mean(axis=0).reshape(_PLACES, side, _PLACES, side).mean(axis=(1, 3)) ** 3
        evidence = logits[:, None, None] * places / places.mean()
        layers = some_layers(1) if with_layers else {}
        return NetworkOutput(logits[None], np.ones((1, 4), np.float32), evidence[None].astype(np.float32), layers)

    def _refuse_if_busy(self, means: Array) -> None:
        once = means.max() < _DARK and not self._was_busy
        self._was_busy = self._was_busy or once
        if once or means.min() > _BRIGHT:
            raise BusyError("Too many photos are being looked at right now. Try again in a moment.")


def make() -> Flask:
    """Parks, for gunicorn."""
    return _app(PARKS, "single_label")


def make_things() -> Flask:
    """Another bundle: things instead of places, several on one photo."""
    return _app(THINGS, "multi_label")


def _app(labels: tuple[Label, ...], task: Task) -> Flask:
    settings = Settings.from_environ(os.environ)
    spec = PreprocessSpec(size_px=64, decode_px=576)
    other = "other" if labels[0].label == "other" else None
    card = Card("drawn", "3", task, labels, spec, 1.0, Thresholds((0.8,) * len(labels)), other, metrics=METRICS)
    runtime = ColourRuntime(spec, len(labels))
    predictor = Predictor(ModelBundle(settings.models_dir, card), NetworkQueue(runtime, 8, 10), ImageLimits(), 10)
    settings = replace(settings, max_photos_per_minute=0)
    return create_app(settings, ModelSlot(lambda: predictor), _fetcher())


def _fetcher() -> UrlFetcher:
    photo, page = HostileServer(), HostileServer()
    photo.plays(reply(encode(draw_landscape("red", (640, 480)))))
    page.plays(reply(b"<!doctype html><title>Half Dome</title>", Content_Type="text/html"))
    ports = {"93.184.216.1": photo.port, "93.184.216.2": page.port}
    connector = Connector(
        lambda host, deadline: [ip_address("93.184.216.2" if host == "page.example" else "93.184.216.1")],
        dial=lambda address, port, timeout_s: dial(LOCAL, ports[str(address)], timeout_s),
    )
    return UrlFetcher(FetchLimits(max_s=5.0, max_fetches=2), "tests", connector)
