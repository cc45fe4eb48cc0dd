"""The steps one by one: `split`, `fit`, `export` give what `train` gives; and what `export` refuses."""

from __future__ import annotations

import copy
import json
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.vision.bundle import LEARNER, MANIFEST, NEIGHBOURS, NETWORK, REPORT, ModelBundle, read_bundle
from app.vision.learner import load_verified_learner
from tests.photos import draw_data_folder
from training.bundles import make
from training.bundles.check import check_bundle
from training.cli import main
from training.run_folder import RUN

pytestmark = pytest.mark.slow

QUICK = "--weights none --size-px 32 --n-folds 3 --batch-size 4 --seed 7 --freeze-epochs 0 --epochs 1 --name toy"
SPLIT = "--n-folds 3 --seed 7"


@dataclass(frozen=True)
class Chain:
    """A data folder, the run that `fit` left, and the bundles that `export` and `train` made."""

    data: Path
    run: Path
    exported: ModelBundle
    trained: ModelBundle


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory, all_checked_here: None) -> Chain:
    folder = tmp_path_factory.mktemp("chain")
    data, manifest, run = draw_data_folder(folder / "photos", sources=4, photos=2), folder / "m.csv", folder / "run"
    assert main(["split", "--data", str(data), "--out", str(manifest), *SPLIT.split()]) == 0
    choices = ["--data", str(data), "--version", "1", *QUICK.split()]
    assert main(["fit", *choices, "--manifest", str(manifest), "--run-dir", str(run)]) == 0
    assert main(["export", str(run), "--out", str(folder / "exported"), "--note", "drawn"]) == 0
    whole = ["--out", str(folder / "trained"), "--note", "drawn", "--run-dir", str(folder / "run-of-train")]
    assert main(["train", *choices, *whole]) == 0
    return Chain(data, run, *(read_bundle(folder / made / "toy-1") for made in ("exported", "trained")))


@pytest.fixture
def run(chain: Chain, tmp_path: Path) -> Path:
    """A run's folder to spoil."""
    return Path(shutil.copytree(chain.run, tmp_path / "run"))


def test_the_steps_one_by_one_give_the_bundle_that_train_gives(chain: Chain) -> None:
    exported, trained = (copy.deepcopy(bundle.card.to_json()) for bundle in (chain.exported, chain.trained))
    assert exported["training"].pop("command").startswith("python -m training fit ")
    assert trained["training"].pop("command").startswith("python -m training train ")
    assert exported["files"].keys() == trained["files"].keys()
    for name in (LEARNER, REPORT):  # The one is a zip file, which holds the time; the other shows the command.
        assert exported["files"].pop(name) and trained["files"].pop(name)
    assert exported == trained


def test_both_learners_hold_the_same_weights(chain: Chain) -> None:
    exported, trained = (load_verified_learner(bundle).model.state_dict() for bundle in (chain.exported, chain.trained))
    assert all(exported[name].equal(trained[name]) for name in trained)


def test_what_is_exported_would_be_promoted(chain: Chain) -> None:
    assert {*chain.exported.card.files} == {LEARNER, NETWORK, NEIGHBOURS, REPORT, MANIFEST}
    assert [check.problem for check in check_bundle(chain.exported)] == [None] * 4


def test_the_bundle_carries_the_manifest_of_its_run(chain: Chain) -> None:
    carried = (chain.exported.path / MANIFEST).read_bytes()
    assert carried == (chain.run / MANIFEST).read_bytes() == (chain.run.parent / "m.csv").read_bytes()


def refusal(run: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """What `export` says on the screen when it refuses; it leaves nothing."""
    models = run.parent / "models"
    assert main(["export", str(run), "--out", str(models), *more]) == 2
    assert not models.exists() or list(models.iterdir()) == []
    return capsys.readouterr().err


def test_a_folder_of_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is no run's folder. Give one that `fit` has left" in refusal(tmp_path / "nowhere", capsys)


def test_a_run_that_was_interrupted_is_refused_with_the_command_that_goes_on(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    about = json.loads((run / RUN).read_text())
    del about["learner_sha256"]
    (run / RUN).write_text(json.dumps(about))
    assert "no finished learner. The command that began it goes on: python -m training fit" in refusal(run, capsys)


def test_another_learner_is_never_unpickled(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / LEARNER).write_bytes(b"cos\nsystem\n(S'touch /tmp/pwned'\ntR.")
    assert "is not the learner that the run has made" in refusal(run, capsys)


def test_another_split_than_the_runs_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = (run / MANIFEST).read_text(encoding="utf-8")
    swapped = manifest.replace(",valid,", ",x,").replace(",test,", ",valid,").replace(",x,", ",test,")
    (run / MANIFEST).write_text(swapped, encoding="utf-8")
    assert "is not the split that the run was trained on" in refusal(run, capsys)


def test_photos_that_have_moved_are_named_and_found_with_data(
    chain: Chain, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    about = json.loads((run / RUN).read_text())
    (run / RUN).write_text(json.dumps(about | {"data": str(tmp_path / "gone")}))
    assert "not there. Give the --data folder" in refusal(run, capsys)
    monkeypatch.setattr(make, "_fill_bundle", as_before(chain))
    assert main(["export", str(run), "--out", str(tmp_path / "models"), "--data", str(chain.data)]) == 0


def as_before(chain: Chain) -> Callable[..., None]:
    """Fills a bundle with the one that was made already, in no time."""

    def fill(partial: Path, *_: object) -> None:
        shutil.copytree(chain.exported.path, partial, dirs_exist_ok=True)

    return fill


@contextmanager
def files_end_at(n_bytes: int) -> Iterator[None]:
    """As on a disk that is full once a file has so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("n_bytes", [20_000, 1_000_000])
def test_a_full_disk_is_told_and_leaves_no_bundle(run: Path, capsys: pytest.CaptureFixture[str], n_bytes: int) -> None:
    with files_end_at(n_bytes):
        assert "Is the disk full?" in refusal(run, capsys)


def test_ctrl_c_leaves_no_bundle(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        assert [path.name for path in (tmp_path / "models").iterdir()] == [".toy-1.partial"]
        raise KeyboardInterrupt

    monkeypatch.setattr(make, "split_outputs", interrupted)
    assert main(["export", str(run), "--out", str(tmp_path / "models")]) == 130
    assert list((tmp_path / "models").iterdir()) == []
    assert "the same command" in capsys.readouterr().err


def test_a_bundle_that_is_there_is_not_overwritten(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(chain.run), "--out", str(chain.exported.path.parent)]) == 2
    assert "toy-1 is there already" in capsys.readouterr().err
    chain.exported.verify()
