"""A training that is killed, and the same command again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from app.vision.bundle import LEARNER
from app.vision.learner import load_trusted_learner
from tests.conftest import ROOT
from tests.photos import draw_data_folder
from training.cli import main
from training.fitting.checkpoint import CHECKPOINT

pytestmark = pytest.mark.slow

CHOICES = "--weights none --size-px 32 --n-folds 3 --batch-size 4 --freeze-epochs 1 --epochs 3 --precision float32"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_data_folder(tmp_path_factory.mktemp("resume") / "photos", sources=3, photos=2)


def fit_command(data: Path, run: Path) -> list[str]:
    return ["fit", "--data", str(data), "--run-dir", str(run), *CHOICES.split()]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As many as the killed process has: several add up in another order, and other tests set this process's number."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def run_until(command: list[str], line: str) -> None:
    """Runs the command in a process of its own and kills it, as a power cut would, once it has printed the line."""
    whole = [sys.executable, "-u", "-m", "training", *command]
    variables = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        whole, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert any(printed.startswith(line) for printed in process.stdout), "it ended before"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def weights_of(run: Path) -> dict[str, torch.Tensor]:
    return dict(load_trusted_learner(run / LEARNER).model.state_dict())


@pytest.mark.usefixtures("one_thread")
def test_a_killed_training_goes_on_to_the_same_weights(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_until(fit_command(data, tmp_path / "killed"), "epoch 2 of 4")
    assert not (tmp_path / "killed" / LEARNER).exists()
    assert main(fit_command(data, tmp_path / "killed")) == 0
    printed = capsys.readouterr().out
    assert "going on after epoch 2" in printed and "epoch 2 of 4" not in printed
    assert main(fit_command(data, tmp_path / "whole")) == 0
    killed, whole = weights_of(tmp_path / "killed"), weights_of(tmp_path / "whole")
    assert all(torch.equal(killed[name], whole[name]) for name in whole)


def test_other_photos_are_refused_and_fresh_starts_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, run = draw_data_folder(tmp_path / "photos", sources=3, photos=1), tmp_path / "run"
    assert main(fit_command(data, run)) == 0
    (data / "cats" / "cat-source-0__00.jpg").unlink()
    (data / "cats" / "cat-source-1__00.jpg").rename(data / "cats" / "cat-source-0__00.jpg")
    draw_data_folder(tmp_path / "more", sources=4, photos=1)
    (tmp_path / "more" / "cats" / "cat-source-3__00.jpg").rename(data / "cats" / "cat-source-1__00.jpg")
    assert main(fit_command(data, run)) == 2
    assert "data_sha256 was" in capsys.readouterr().err
    assert main([*fit_command(data, run), "--fresh"]) == 0
    assert (run / CHECKPOINT).exists()


def test_the_same_command_without_a_version_goes_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training import train

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    command = ["fit", "--data", str(data), *CHOICES.split()]
    with monkeypatch.context() as patched:
        patched.setattr(train, "export_learner", interrupted)
        assert main(command) == 130
    [folder] = (tmp_path / "runs").iterdir()
    assert main(command) == 0
    assert (folder / LEARNER).exists()
    assert list((tmp_path / "runs").iterdir()) == [folder]
