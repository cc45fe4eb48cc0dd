"""What a bundle is checked for before it is served."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from app.vision.bundle import LEARNER, NETWORK, REPORT, ModelBundle, read_bundle, write_card
from training.bundles.check import check_bundle
from training.bundles.learner_file import foreign_references, references
from training.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(tiny_bundle: ModelBundle, tmp_path: Path) -> ModelBundle:
    """The tiny bundle, to be harmed."""
    return read_bundle(Path(shutil.copytree(tiny_bundle.path, tmp_path / tiny_bundle.path.name)))


def problems(bundle: ModelBundle) -> list[str]:
    return [f"{check.what}: {check.problem}" for check in check_bundle(read_bundle(bundle.path)) if check.problem]


@pytest.mark.usefixtures("checked_here")  # `tiny_bundle` was promoted, and so checked in a new process.
def test_a_bundle_as_trained_has_no_problem(tiny_bundle: ModelBundle) -> None:
    checks = list(check_bundle(tiny_bundle))
    assert [check.problem for check in checks] == [None] * 4


def test_after_an_altered_file_nothing_else_is_opened(copy: ModelBundle) -> None:
    (copy.path / REPORT).write_text("another report")
    checks = list(check_bundle(copy))
    assert len(checks) == 1
    assert REPORT in str(checks[0].problem)


@pytest.mark.usefixtures("checked_here")
def test_other_golden_outputs_are_a_problem_of_both_files(copy: ModelBundle) -> None:
    assert copy.card.golden is not None
    write_card(copy.path, dataclasses.replace(copy.card, golden=(copy.card.golden[0] + 1, *copy.card.golden[1:])))
    network, learner = problems(copy)
    assert NETWORK in network and "off by" in network
    assert LEARNER in learner and "off by" in learner


@pytest.mark.usefixtures("checked_here")
def test_a_card_without_golden_outputs_cannot_be_checked(copy: ModelBundle) -> None:
    write_card(copy.path, dataclasses.replace(copy.card, golden=None))
    assert "keeps no golden outputs" in problems(copy)[0]


@pytest.mark.usefixtures("checked_here")
def test_a_network_that_is_none_is_a_problem(copy: ModelBundle) -> None:
    (copy.path / NETWORK).write_bytes(b"no network")
    write_card(copy.path, copy.card)
    assert "cannot be run" in problems(copy)[0]


def test_a_learner_that_is_none_is_a_problem(copy: ModelBundle) -> None:
    (copy.path / LEARNER).write_bytes(b"no learner")
    write_card(copy.path, copy.card)
    refers, loads = problems(copy)
    assert "not a learner that fastai exported" in refers
    assert "cannot be loaded where there is no training/" in loads


def test_a_learner_of_this_project_refers_to_nothing_foreign(tiny_bundle: ModelBundle) -> None:
    assert ("app.vision.learner", "OpenPhoto") in references(tiny_bundle.path / LEARNER)
    assert foreign_references(tiny_bundle.path / LEARNER) == []


def test_what_only_the_trainer_has_is_foreign(tmp_path: Path) -> None:
    import torch

    from training.config import TrainConfig

    torch.save({"config": TrainConfig, "fine": torch.nn.Linear}, tmp_path / LEARNER)
    assert foreign_references(tmp_path / LEARNER) == ["training.config.TrainConfig"]


@pytest.mark.usefixtures("checked_here")
def test_the_command_shows_every_check_and_fails_with_the_first(
    copy: ModelBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bundle", "check", copy.path.name, "--models", str(copy.path.parent)]) == 0
    assert capsys.readouterr().out.count("ok ") == 4
    (copy.path / NETWORK).write_bytes(b"no network")
    assert main(["bundle", "check", copy.path.name, "--models", str(copy.path.parent)]) == 2
    shown = capsys.readouterr()
    assert shown.out.startswith("FAIL files")
    assert shown.err.startswith("error: ")


def test_the_list_marks_what_is_served_and_names_what_cannot_be_read(
    tiny_bundle: ModelBundle, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    models = Path(shutil.copytree(tiny_bundle.path.parent, tmp_path / "models"))
    (models / "broken-1").mkdir()
    (models / "broken-1" / "card.json").write_text("{")
    assert main(["bundle", "list", "--models", str(models)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("  broken-1  cannot be read")
    assert lines[1].startswith("* toy-1  cats, dogs, other; ")


def test_an_empty_folder_has_no_bundle_to_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bundle", "list", "--models", str(tmp_path)]) == 2
    assert "holds no bundle" in capsys.readouterr().err
