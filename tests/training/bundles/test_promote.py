"""Promoting a bundle, and taking that back; what a gate lets pass is tested in test_check.py."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from app.errors import BundleDamagedError, BundleMissingError
from app.vision.bundle import CURRENT, ModelBundle, read_current_bundle, write_card
from tests.training.outputs import make_card
from training.bundles.promote import current_name, promote, rollback


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with the bundles `old-1`, which is served, and `new-1`."""
    models = tmp_path / "models"
    for name in ("old-1", "new-1"):
        make_bundle(models / name)
    (models / CURRENT).write_text("old-1\n")
    return models


def make_bundle(folder: Path) -> ModelBundle:
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"a network")
    name, _, version = folder.name.strip(".").rpartition("-")
    card = dataclasses.replace(make_card("cats", "dogs"), name=name, version=version)
    write_card(folder, card)
    return ModelBundle(folder, card)


def by_hashes(bundle: ModelBundle) -> None:
    """A gate for bundles whose network is none."""
    bundle.verify()


def test_a_good_bundle_is_served_from_then_on(models: Path) -> None:
    assert promote(models, "new-1", by_hashes).path == models / "new-1"
    assert read_current_bundle(models).path == models / "new-1"


def test_the_first_bundle_can_be_promoted(models: Path) -> None:
    (models / CURRENT).unlink()
    promote(models, "new-1", by_hashes)
    assert read_current_bundle(models).path == models / "new-1"


def test_a_bundle_that_its_gate_refuses_is_not_served(models: Path) -> None:
    def refuse(bundle: ModelBundle) -> None:
        raise BundleDamagedError(bundle.path.name)

    with pytest.raises(BundleDamagedError, match="new-1"):
        promote(models, "new-1", refuse)
    assert current_name(models) == "old-1"


def test_a_folder_that_is_not_called_as_its_card_says_is_refused(models: Path) -> None:
    (models / "new-1").rename(models / "newer-2")
    ensure_refused(models, "newer-2", BundleDamagedError)


def test_rollback_serves_what_was_served_before(models: Path) -> None:
    promote(models, "new-1", by_hashes)
    assert rollback(models, by_hashes).path == models / "old-1"
    assert current_name(models) == "old-1"


def test_rollback_goes_back_step_by_step(models: Path) -> None:
    make_bundle(models / "newer-1")
    promote(models, "new-1", by_hashes)
    promote(models, "newer-1", by_hashes)
    assert [rollback(models, by_hashes).path.name for _ in range(2)] == ["new-1", "old-1"]


def test_promoting_what_is_served_already_is_no_step(models: Path) -> None:
    promote(models, "new-1", by_hashes)
    promote(models, "new-1", by_hashes)
    assert rollback(models, by_hashes).path.name == "old-1"


def test_rollback_of_the_first_bundle_is_refused(models: Path) -> None:
    with pytest.raises(BundleMissingError, match="before"):
        rollback(models, by_hashes)
    assert current_name(models) == "old-1"


def test_rollback_to_a_bundle_that_is_damaged_is_refused(models: Path) -> None:
    promote(models, "new-1", by_hashes)
    (models / "old-1" / "model.onnx").write_bytes(b"another network")
    with pytest.raises(BundleDamagedError):
        rollback(models, by_hashes)
    assert current_name(models) == "new-1"


def test_promoting_leaves_no_other_file_behind(models: Path) -> None:
    promote(models, "new-1", by_hashes)
    assert sorted(path.name for path in models.iterdir()) == [".history", "CURRENT", "new-1", "old-1"]


def ensure_refused(models: Path, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        promote(models, name, by_hashes)
    assert (models / CURRENT).read_text() == "old-1\n"


def test_an_altered_file_is_refused(models: Path) -> None:
    (models / "new-1" / "model.onnx").write_bytes(b"another network")
    ensure_refused(models, "new-1", BundleDamagedError)


def test_a_lacking_file_is_refused(models: Path) -> None:
    (models / "new-1" / "model.onnx").unlink()
    ensure_refused(models, "new-1", BundleMissingError)


def test_a_broken_card_is_refused(models: Path) -> None:
    (models / "new-1" / "card.json").write_text("{")
    ensure_refused(models, "new-1", BundleDamagedError)


def test_an_unknown_name_is_refused(models: Path) -> None:
    ensure_refused(models, "newer-1", BundleMissingError)


@pytest.mark.parametrize("name", ["../x-1", "a/../new-1", "./new-1", "new-1/", "", ".", "..", "new-1\n"])
def test_a_name_that_is_a_path_is_refused(models: Path, name: str) -> None:
    make_bundle(models.parent / "x-1")
    ensure_refused(models, name, BundleMissingError)


def test_a_bundle_that_is_not_whole_is_refused(models: Path) -> None:
    make_bundle(models / ".new-2.partial")
    ensure_refused(models, ".new-2.partial", BundleMissingError)
