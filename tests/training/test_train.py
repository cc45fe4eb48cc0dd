"""A whole run, from a data folder to a bundle."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.vision.bundle import CARD, LEARNER, MANIFEST, NEIGHBOURS, NETWORK, REPORT, ModelBundle, read_bundle
from app.vision.learner import make_export_learner
from tests.conftest import ROOT
from tests.photos import draw_data_folder
from training import train as module
from training.bundles import make
from training.bundles.new_card import read_label_facts
from training.cli import main
from training.config import TrainConfig
from training.data import SPLITS, PhotoRow, data_digest, read_data_folder
from training.errors import DataError, ExportError
from training.fit import make_model
from training.prepare import TrainRequest
from training.run_folder import RunFolder
from training.splitting.split import readable_rows
from training.train import train

# isort: split
from fastai.learner import Learner

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("all_checked_here")]

QUICK = TrainConfig(weights="none", size_px=32, n_folds=3, batch_size=4, seed=7)
FACTS = "cats:\n  name: Cats, all of them\n  legs: 4\n  link: https://example.org/\n"


@dataclass(frozen=True)
class Run:
    """A run and what it left: its bundle, what it printed, the folder it ran in."""

    bundle: ModelBundle
    printed: str
    folder: Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, all_checked_here: None) -> Run:
    """Cats and dogs, without `other`, paths relative; one photo of each is damaged, in its own way."""
    folder = tmp_path_factory.mktemp("run")
    data = draw_data_folder(folder / "photos", sources=4, photos=2)
    for photo in (data / "other").rglob("*.jpg"):
        photo.unlink()
    (data / "cats" / "cat-source-0__00.jpg").write_bytes(b"not a photo")
    dog = data / "dogs" / "dog-source-1__01.jpg"
    dog.write_bytes(dog.read_bytes()[:200])
    (folder / "facts.yaml").write_text(FACTS)
    arguments = "train --data photos --out out --name pets --version 2 --label-facts facts.yaml --weights none"
    choices = "--size-px 32 --n-folds 3 --batch-size 4 --seed 7 --freeze-epochs 0 --epochs 1"
    printed = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
        assert main([*arguments.split(), "--note", "drawn in code", *choices.split()]) == 0
    return Run(read_bundle(folder / "out" / "pets-2"), printed.getvalue(), folder)


def untrained(rows: list[PhotoRow], vocab: list[str], config: TrainConfig, folder: RunFolder | None) -> Learner:
    """What `fit` returns, in no time."""
    return make_export_learner(make_model(config, vocab), vocab, config.preprocess)


def make_request(tmp_path: Path, data: Path, **choices: Any) -> TrainRequest:
    return TrainRequest(
        **{"data": data, "out": tmp_path / "out", "name": "toy", "version": "1", "command": "", **choices}
    )


def test_an_unreadable_photo_is_named_and_left_out(run: Run) -> None:
    left_out = [line for line in run.printed.splitlines() if line.startswith("left out:")]
    assert [line.split(": ")[1] for line in left_out] == [
        "photos/cats/cat-source-0__00.jpg",
        "photos/dogs/dog-source-1__01.jpg",
    ]
    assert run.bundle.card.data["n_photos"] == 14


def test_a_label_without_a_readable_photo_is_refused(tmp_path: Path) -> None:
    data = draw_data_folder(tmp_path / "photos", sources=1, photos=1)
    for photo in (data / "cats").iterdir():
        photo.write_bytes(b"not a photo")
    with pytest.raises(DataError, match="None of the photos of cats can be opened"):
        readable_rows(read_data_folder(data))


def test_the_bundle_is_whole_and_nothing_lies_beside_it(run: Run) -> None:
    run.bundle.verify()
    assert set(run.bundle.card.files) == {LEARNER, NETWORK, NEIGHBOURS, REPORT, MANIFEST}
    assert [path.name for path in run.bundle.path.parent.iterdir()] == ["pets-2"]
    assert {path.name for path in run.bundle.path.iterdir()} == {*run.bundle.card.files, CARD}


def test_the_card_tells_how_the_bundle_was_made(run: Run) -> None:
    training = run.bundle.card.training
    assert training["command"].startswith("python -m training train --data photos --out out --name pets --version 2")
    assert "--note 'drawn in code'" in training["command"]
    assert training["config"] == QUICK.to_json() | {"freeze_epochs": 0, "epochs": 1}
    assert training["config"]["seed"] == 7
    assert {"fastai", "torch", "numpy", "pillow", "onnxruntime"} <= set(training["packages"])
    assert all(training["packages"].values()) and training["python"]


def test_the_card_tells_what_the_network_was_trained_on(run: Run) -> None:
    data = run.bundle.card.data
    with contextlib.chdir(run.folder):
        rows = readable_rows(read_data_folder(Path("photos")))
        assert data["sha256"] == data_digest(rows, Path("photos"))
    assert data["note"] == "drawn in code"
    assert set(data["counts"]) == set(data["sources"]) == set(SPLITS)
    assert sum(sum(counts.values()) for counts in data["counts"].values()) == len(rows)
    sources = [source for split in SPLITS for source in data["sources"][split]]
    assert len(sources) == len(set(sources)) == 8


def test_the_card_holds_figures_with_their_intervals(run: Run) -> None:
    metrics = run.bundle.card.metrics
    shares = [metrics["accuracy"], *(row["recall"] for row in metrics["per_label"].values())]
    assert all(0 <= share["low"] <= share["value"] <= share["high"] <= 1 for share in shares)
    assert metrics["n_photos"] == sum(run.bundle.card.data["counts"]["test"].values())


def test_label_facts_are_in_the_card(run: Run) -> None:
    cats, dogs = run.bundle.card.labels
    assert (cats.name, dogs.name) == ("Cats, all of them", "Dogs")
    assert (dict(cats.facts), dict(dogs.facts)) == ({"legs": 4, "link": "https://example.org/"}, {})


def test_without_an_other_folder_there_is_no_other_label(run: Run) -> None:
    assert run.bundle.card.other_label is None
    assert run.bundle.card.thresholds.max_distance is not None
    assert run.bundle.card.metrics["verdicts"]["called_a_match"] == {}


def test_no_path_of_this_machine_is_in_the_bundle(run: Run) -> None:
    for path in run.bundle.path.iterdir():
        content = path.read_bytes()
        for place in (run.folder, ROOT, Path.home() / ".cache", Path("/work"), Path("/tmp")):
            assert str(place).encode() not in content, path.name


@pytest.mark.parametrize("name", ["..", ".hidden", "a/b", "my parks", ""])
def test_a_name_that_is_no_folder_name_is_refused_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot be a bundle's name"):
        train(make_request(tmp_path, tmp_path / "nowhere", name=name), QUICK)


def test_a_bundle_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out" / "toy-1").mkdir(parents=True)
    with pytest.raises(DataError, match="toy-1 is there already"):
        train(make_request(tmp_path, tmp_path / "nowhere"), QUICK)


@pytest.mark.parametrize(
    "text",
    ["", "cats", "- cats\n- dogs", "cats: Cats", "cats: [", "\x00"]
    + [f"cats: {{{fact}}}" for fact in ("seen: 2020-01-01", "n: .nan", "label: dogs")],
)
def test_label_facts_without_sense_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "facts.yaml"
    path.write_text(text)
    with pytest.raises(DataError, match=r"facts\.yaml"):
        read_label_facts(path)


def test_label_facts_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "facts.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"facts\.yaml"):
        read_label_facts(path)


def test_label_facts_are_read(tmp_path: Path) -> None:
    path = tmp_path / "facts.yaml"
    path.write_text(FACTS)
    assert read_label_facts(path) == {"cats": {"name": "Cats, all of them", "legs": 4, "link": "https://example.org/"}}
    assert read_label_facts(None) == {}


def test_the_label_facts_of_this_repository_can_be_read() -> None:
    assert {"sequoia", "yosemite", "yellowstone"} <= set(read_label_facts(ROOT / "training/configs/us-parks.yaml"))


@pytest.mark.parametrize("step", ["ensure_parity", "write_card", "ensure_servable"])
def test_a_failed_run_leaves_nothing_behind(
    tmp_path: Path, toy_data: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise ExportError("as told")

    monkeypatch.setattr(module, "fit", untrained)
    monkeypatch.setattr(make, step, fail)
    with pytest.raises(ExportError, match="as told"):
        train(make_request(tmp_path, toy_data), QUICK)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_a_killed_run_left_is_replaced(tmp_path: Path, toy_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    partial = tmp_path / "out" / ".toy-1.partial"
    partial.mkdir(parents=True)
    (partial / "stray.bin").write_bytes(b"half a file")
    monkeypatch.setattr(module, "fit", untrained)
    bundle = train(make_request(tmp_path, toy_data), QUICK)
    assert bundle is not None
    assert "stray.bin" not in bundle.card.files
    assert not partial.exists()


def test_photos_are_in_no_file_of_the_bundle_but_in_the_report_asked_for(
    tmp_path: Path, toy_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "fit", untrained)
    photos = tmp_path / "photos.html"
    bundle = train(make_request(tmp_path, toy_data, report_photos=photos), QUICK)
    assert bundle is not None
    assert set(bundle.card.files) == {LEARNER, NETWORK, NEIGHBOURS, REPORT, MANIFEST}
    assert "<img" not in (bundle.path / REPORT).read_text(encoding="utf-8")
    assert bundle.card.metrics["mistakes"] and "data:image/jpeg" in photos.read_text(encoding="utf-8")


def test_a_report_with_photos_inside_the_bundle_is_refused_at_once(tmp_path: Path) -> None:
    inside = tmp_path / "out" / "toy-1" / "photos.html"
    with pytest.raises(DataError, match="inside the bundle toy-1"):
        train(make_request(tmp_path, tmp_path / "nowhere", report_photos=inside), QUICK)


def test_a_card_reads_back_as_it_was_written(run: Run) -> None:
    written = json.loads((run.bundle.path / CARD).read_text(encoding="utf-8"))
    assert json.loads(json.dumps(run.bundle.card.to_json())) == written
