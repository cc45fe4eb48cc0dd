"""A few drawn photos, split."""

from __future__ import annotations

import pytest

from tests.photos import draw_data_folder
from training.data import PhotoRow, read_data_folder, split_by_group


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[PhotoRow]:
    """Nine photos, three of them to train on."""
    data = draw_data_folder(tmp_path_factory.mktemp("few") / "photos", sources=3, photos=1)
    return split_by_group(read_data_folder(data), n_folds=3, seed=0)
