"""What an operator chose reaches the parts it is for."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from app.config import Settings
from app.errors import SettingsError
from app.factory import create_app, feedback_limits, image_limits, load_network
from app.feedback.limits import FeedbackLimits
from app.inference.network import Network
from app.inference.network_queue import NetworkQueue
from app.owner.wanted import Wanted
from app.vision.bundle import ModelBundle
from app.vision.limits import ImageLimits
from tests.conftest import ROOT
from tests.fakes import FakeRuntime


def test_opentelemetry_is_not_even_loaded_where_there_are_no_traces() -> None:
    code = (
        "import sys; from app.config import Settings; from app.factory import create_app; from pathlib import Path\n"
        "create_app(Settings(models_dir=Path('nowhere'))).test_client().get('/healthz').close()\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", ["opentelemetry", "opentelemetry.exporter", "requests"])
def test_traces_without_their_libraries_are_said_at_start(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    def find_spec(name: str) -> object:
        if name.startswith(f"{missing}."):
            raise ModuleNotFoundError(missing)
        return None if name == missing else name

    monkeypatch.setattr("app.ops.tracing.libraries.find_spec", find_spec)
    with pytest.raises(SettingsError, match=r"pip install -r app/requirements-tracing\.txt"):
        create_app(Settings(traces="http://127.0.0.1:4318/v1/traces"))


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(FeedbackLimits)])
def test_every_limit_on_feedback_is_a_setting(name: str) -> None:
    assert feedback_limits(Settings()) == FeedbackLimits()
    other = getattr(Settings(), name) + 1
    chosen = dataclasses.replace(Settings(), **{name: other})
    assert feedback_limits(chosen) == dataclasses.replace(FeedbackLimits(), **{name: other})


def test_sqlalchemy_is_loaded_when_feedback_is_first_needed_and_not_before() -> None:
    code = (
        "import sys; from app.config import Settings; from app.factory import create_app; from pathlib import Path\n"
        "app = create_app(Settings(models_dir=Path('nowhere'), feedback='sqlite:///nowhere/at/all'))\n"
        "assert 'sqlalchemy' not in sys.modules\n"
        "app.test_client().get('/healthz').close()\n"
        "assert 'sqlalchemy' in sys.modules and 'psycopg' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_a_database_without_its_driver_is_said_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.feedback.driver.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install -r app/requirements-postgresql\.txt"):
        create_app(Settings(feedback="postgresql://park@host/db"))


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(ImageLimits)])
def test_every_limit_on_a_photo_is_a_setting(name: str) -> None:
    assert image_limits(Settings()) == ImageLimits()
    other = getattr(Settings(), name) + 1
    chosen = dataclasses.replace(Settings(), **{name: other})
    assert image_limits(chosen) == dataclasses.replace(ImageLimits(), **{name: other})


class Owners:
    """Stands in for `owned_network`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, found: Network | None) -> None:
        self.asked: list[tuple[Path, Wanted, int, float]] = []
        self._found = found
        monkeypatch.setattr("app.factory.owned_network", self._find)

    def _find(self, *arguments: object) -> Network | None:
        self.asked.append(arguments)  # type: ignore[arg-type]
        return self._found


def test_with_a_folder_to_meet_in_torch_runs_in_its_owner(
    tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    network = NetworkQueue(FakeRuntime([0.0]), 1, 1.0)
    owners = Owners(monkeypatch, network)
    settings = Settings(runtime="torch", owner_dir=tmp_path, max_batch=8, max_waiting=5, max_wait_s=3.0)
    assert load_network(settings, tiny_bundle) is network
    [(folder, wanted, max_at_once, max_s)] = owners.asked
    assert (folder, max_at_once, max_s) == (tmp_path, 13, 3.0)
    assert (wanted.bundle, wanted.runtime, wanted.max_batch) == (str(tiny_bundle.path), "torch", 8)


def test_an_owner_that_finds_no_cuda_leaves_it_to_the_cpu(
    tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    owners = Owners(monkeypatch, None)
    monkeypatch.setattr("app.factory.may_be_torch", lambda kind: kind == "auto")
    assert load_network(Settings(runtime="auto", owner_dir=tmp_path), tiny_bundle).name == "onnxruntime on CPU"
    assert len(owners.asked) == 1


@pytest.mark.parametrize("runtime", ["cpu", "auto"])
def test_without_torch_nobody_is_met(
    tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runtime: str
) -> None:
    owners = Owners(monkeypatch, None)
    monkeypatch.setattr("app.inference.cuda._cuda_may_be_here", lambda: False)
    assert load_network(Settings(runtime=runtime, owner_dir=tmp_path), tiny_bundle).name == "onnxruntime on CPU"
    assert owners.asked == []
