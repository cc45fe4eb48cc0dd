"""An application with what its door needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.config import Settings
from app.door.key_file import ApiKey, digest_of
from app.factory import create_app
from app.inference.model_slot import ModelSlot

MakeClient = Callable[..., FlaskClient]
KEY = "whichpark_of-alice"


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"{ApiKey('alice', digest_of(KEY)).line}\n{ApiKey('bob', digest_of('whichpark_of-bob')).line}\n")
    return path


@pytest.fixture
def make_client(settings: Settings, slot: ModelSlot) -> MakeClient:
    """A client of an application with other settings."""

    def _make(**changes: Any) -> FlaskClient:
        return create_app(dataclasses.replace(settings, **changes), slot).test_client()

    return _make
