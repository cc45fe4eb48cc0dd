"""The shipped bundle, ready for workers; and a table in an empty folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.batch.destination import Begun, Destination, opened
from app.batch.shipped_bundle import ShippedBundle, ship
from app.vision.bundle import ModelBundle, read_current_bundle
from tests.conftest import ROOT

BEGUN = Begun("/photos", "parks-7", "0" * 64)


@pytest.fixture(scope="session")
def parks() -> ModelBundle:
    return read_current_bundle(ROOT / "models")


@pytest.fixture(scope="session")
def shipped(parks: ModelBundle) -> ShippedBundle:
    return ship(parks)


@pytest.fixture
def destination(tmp_path: Path) -> Iterator[Destination]:
    with opened(tmp_path / "verdicts.parquet", BEGUN, may_mix=False) as destination:
        yield destination
