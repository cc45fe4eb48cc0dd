"""What an operator chose reaches the parts it is for."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from app.config import Settings
from app.errors import SettingsError
from app.factory import create_app, feedback_limits, image_limits
from app.feedback.limits import FeedbackLimits
from app.vision.limits import ImageLimits
from tests.conftest import ROOT


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
