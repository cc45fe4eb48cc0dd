"""A store in a new SQLite file, whose clock the test holds; and an application that takes feedback."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.config import Settings
from app.factory import create_app
from app.feedback.database import Database
from app.feedback.kept_photo import KeptPhoto
from app.feedback.limits import FeedbackLimits
from app.feedback.statement import Statement
from app.feedback.store import FeedbackStore
from app.inference.model_slot import ModelSlot

MakeStore = Callable[..., FeedbackStore]
MakeClient = Callable[..., FlaskClient]
NOW = 1_800_000_000


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database_file(tmp_path: Path) -> Path:
    return tmp_path / "feedback.db"


@pytest.fixture
def address(database_file: Path) -> str:
    return f"sqlite:///{database_file}"


@pytest.fixture
def make_store(address: str, clock: Clock) -> MakeStore:
    """A store with other limits."""

    def _make(**limits: int) -> FeedbackStore:
        return FeedbackStore(Database(address, 20.0), FeedbackLimits(**limits), clock)

    return _make


@pytest.fixture
def store(make_store: MakeStore) -> FeedbackStore:
    return make_store()


@pytest.fixture
def make_client(settings: Settings, slot: ModelSlot, database_file: Path) -> MakeClient:
    """A client of an application that takes feedback, with other settings."""

    def _make(**changes: Any) -> FlaskClient:
        chosen = {"feedback": f"sqlite:///{database_file}", **changes}
        return create_app(dataclasses.replace(settings, **chosen), slot).test_client()

    return _make


def make_statement(**changes: Any) -> Statement:
    said = Statement(uuid.uuid4().hex, "parks", "7", is_right=False, labels=("sequoia",))
    return dataclasses.replace(said, **changes)


def make_photo(margin: float = -0.5, jpeg: bytes = b"a photo") -> KeptPhoto:
    return KeptPhoto(jpeg, "parks-7", "match", {"yosemite": 0.75, "sequoia": 0.25}, margin)
