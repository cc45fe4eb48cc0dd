"""Training in several processes."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.vision.bundle import ModelBundle, read_bundle
from tests.conftest import ROOT
from tests.photos import draw_data_folder
from tests.training.fitting.quick import QUICK, VOCAB
from training.cli import main
from training.data import PhotoRow
from training.errors import ConfigError
from training.fit import make_dataloaders
from training.fitting.processes import GroupLoader, from_all, from_main, n_processes, process_group
from training.prepare import TrainRequest, prepare

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # Three processes that all import torch.

LAUNCH = "accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1 --dynamo_backend no"
CHOICES = "--weights none --size-px 32 --n-folds 3 --batch-size 8 --freeze-epochs 1 --epochs 8 --precision float32"


class AloneLoader(GroupLoader):
    """The loader of one of two processes that are both this one."""

    def _broadcast(self, t: list[int], rank: int) -> list[int]:
        return t


def test_a_process_alone_is_the_main_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "1")
    with process_group() as is_main:
        assert (is_main, n_processes()) == (True, 1)
        assert from_main(lambda: "common") == "common"
        assert from_all("own") == ["own"]


def test_each_process_has_its_part_of_the_photos(rows: list[PhotoRow]) -> None:
    loader = make_dataloaders(rows, VOCAB, QUICK).valid
    parts = [AloneLoader(loader, rank=rank, world_size=2).get_idxs() for rank in (0, 1)]
    assert len(parts[0]) == len(parts[1])
    assert {*parts[0], *parts[1]} == set(range(len(loader.dataset)))


def test_the_photos_of_a_step_are_shared_among_the_processes(
    rows: list[PhotoRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = make_dataloaders(rows, VOCAB, QUICK).train.bs
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert make_dataloaders(rows, VOCAB, QUICK).train.bs == alone // 2


def test_a_rate_is_not_looked_for_in_several_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setenv("WORLD_SIZE", "2")
    request = TrainRequest(data=tmp_path, out=tmp_path, name="toy", version="1", command="")
    with pytest.raises(ConfigError, match="--find-lr is for one process"):
        prepare(request, dataclasses.replace(QUICK, find_lr=True))


def train_in_two(arguments: list[str], home: Path) -> str:
    """What two CPU processes (gloo) print that train together, over loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    place = ["--main_process_ip", "127.0.0.1", "--main_process_port", port, "--mixed_precision", "no"]
    command = [sys.executable, "-W", "ignore", "-m", *LAUNCH.split(), *place, "-m", "training", *arguments]
    environment = os.environ | {"HF_HOME": str(home), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, all_checked_here: None) -> tuple[ModelBundle, ModelBundle, str]:
    """The bundle that `train` makes in one process, that of what `fit` left in two, and what the two printed."""
    folder = tmp_path_factory.mktemp("processes")
    data = draw_data_folder(folder / "photos", sources=6, photos=3)
    choices = ["--data", str(data), "--name", "toy", *CHOICES.split()]
    out = ["--out", str(folder / "models")]

    def to(version: str) -> list[str]:
        return ["--version", version, "--run-dir", str(folder / version)]

    assert main(["train", *choices, *to("alone"), *out]) == 0
    printed = train_in_two(["fit", *choices, *to("two")], folder / "home")
    assert main(["export", str(folder / "two"), *out]) == 0
    return read_bundle(folder / "models" / "toy-alone"), read_bundle(folder / "models" / "toy-two"), printed


def test_two_processes_write_one_bundle(both: tuple[ModelBundle, ModelBundle, str]) -> None:
    alone, two, printed = both
    assert sorted(path.name for path in two.path.parent.iterdir()) == ["toy-alone", "toy-two"]
    two.verify()
    assert set(two.card.files) == set(alone.card.files)
    assert printed.count("made ") == 1
    assert printed.count("epoch 9 of 9") == 1


def test_two_processes_train_on_the_same_photos_to_the_same_figures(
    both: tuple[ModelBundle, ModelBundle, str],
) -> None:
    alone, two, _ = both
    assert alone.card.data == two.card.data
    assert (alone.card.training["processes"], two.card.training["processes"]) == (1, 2)
    first, second = (bundle.card.metrics["accuracy"]["value"] for bundle in (alone, two))
    assert abs(first - second) <= 0.25  # 18 drawn photos; a step's batch norms see 4 of them instead of 8.
    assert min(first, second) > 0.6
