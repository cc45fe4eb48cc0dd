"""The bundles that the contracts are held to: the tiny one, and the shipped one where it is."""

from __future__ import annotations

import pytest

from app.vision.bundle import CURRENT, ModelBundle, read_current_bundle
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def shipped_bundle() -> ModelBundle:
    """The bundle of this repository that is served."""
    if not (ROOT / "models" / CURRENT).exists():
        pytest.skip("no bundle is shipped: models/CURRENT is not there")
    return read_current_bundle(ROOT / "models")


@pytest.fixture(params=["tiny_bundle", "shipped_bundle"])
def bundle(request: pytest.FixtureRequest) -> ModelBundle:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, ModelBundle)
    return found
