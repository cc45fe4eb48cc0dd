"""Every test of this folder is marked `e2e`."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from app.vision.bundle import CURRENT, ModelBundle, write_card

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture
def models(tiny_bundle: ModelBundle, tmp_path: Path) -> Path:
    """A folder with toy-1, which is served, and toy-2, which is less sure of everything."""
    models = tmp_path / "models"
    for version in ("1", "2"):
        folder = models / f"toy-{version}"
        shutil.copytree(tiny_bundle.path, folder)
        card = dataclasses.replace(tiny_bundle.card, version=version, temperature=float(version) * 3)
        write_card(folder, card)
    (models / CURRENT).write_text("toy-1\n")
    return models
