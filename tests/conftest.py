"""Fixtures, layered: card -> bundle -> predictor -> slot -> app -> client; and one tiny trained bundle a run."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from filelock import FileLock
from flask import Flask
from flask.testing import FlaskClient

from app.config import Settings
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.vision.bundle import ModelBundle, read_current_bundle
from app.vision.card import Card, Label, Thresholds
from app.vision.limits import ImageLimits
from app.vision.preprocess import PreprocessSpec
from tests.fakes import FakeRuntime
from tests.photos import draw_data_folder, draw_scene, encode

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("WHICHPARK_") or name in ("HOST", "PORT", "WEB_CONCURRENCY"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuses connections to anywhere but this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0] if isinstance(address, tuple) else address
            assert host in ("127.0.0.1", "::1", "localhost"), f"a test tried to reach {host}"
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def photo() -> bytes:
    return encode(draw_scene())


@pytest.fixture
def card() -> Card:
    return Card(
        name="parks",
        version="7",
        task="single_label",
        labels=(
            Label("other", "None of these"),
            Label("sequoia", "Sequoia National Park", {"state": "California"}),
            Label("yosemite", "Yosemite National Park", {"state": "California"}),
        ),
        other_label="other",
        preprocess=PreprocessSpec(size_px=32, decode_px=64),
        temperature=1.0,
        thresholds=Thresholds((0.8, 0.8, 0.8)),
    )


@pytest.fixture
def runtime() -> FakeRuntime:
    """Sees Yosemite, with a probability of 0.936."""
    return FakeRuntime([0.0, 1.0, 4.0])


@pytest.fixture
def predictor(card: Card, runtime: FakeRuntime, tmp_path: Path) -> Predictor:
    bundle = ModelBundle(tmp_path / card.folder_name, card)
    return Predictor(bundle, NetworkQueue(runtime, 4, 5.0), ImageLimits(max_image_px=1_000_000), 5.0)


@pytest.fixture
def slot(predictor: Predictor) -> ModelSlot:
    return ModelSlot(lambda: predictor)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models_dir=tmp_path, max_upload_bytes=2_000_000, max_image_px=1_000_000, max_photos=3)


@pytest.fixture
def app(settings: Settings, slot: ModelSlot) -> Flask:
    return create_app(settings, slot)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of drawn pictures: cats, dogs, other/far."""
    return draw_data_folder(tmp_path_factory.mktemp("toy") / "photos")


@pytest.fixture(scope="session")
def tiny_bundle(toy_data: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    """A real bundle, trained by the real command on the toy data in seconds, and promoted; one for all workers."""
    own = tmp_path_factory.getbasetemp()
    models = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "toy-bundles" / "models"
    models.parent.mkdir(exist_ok=True)
    with FileLock(models.parent / "lock", timeout=250):
        if not (models / "CURRENT").exists():
            _train_tiny(toy_data, models)
    return read_current_bundle(models)


def _train_tiny(data: Path, models: Path) -> None:
    from training.cli import main

    quick = "--weights none --size-px 64 --epochs 1 --freeze-epochs 1 --n-folds 3 --batch-size 8"
    train = ["train", "--data", str(data), "--out", str(models), "--name", "toy", "--version", "1"]
    train += ["--run-dir", str(models.parent / "run")]
    assert main([*train, *quick.split(" ")]) == 0
    assert main(["bundle", "promote", "toy-1", "--models", str(models)]) == 0
