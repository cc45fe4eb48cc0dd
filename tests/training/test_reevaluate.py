"""A bundle measured again: the same photos, the same figures, the bundle untouched."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.vision.bundle import CARD, MANIFEST, ModelBundle, read_bundle, write_card
from tests.photos import draw_data_folder
from training.cli import main
from training.data import read_data_folder
from training.errors import DataError, LeakError
from training.evaluation.pages import ensure_places
from training.reevaluate import rows_of_test

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Run:
    """What a run of the command printed and wrote."""

    printed: str
    report: str
    photos: str


@pytest.fixture(scope="module")
def run(tiny_bundle: ModelBundle, toy_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder, printed = tmp_path_factory.mktemp("reports"), io.StringIO()
    report, photos = folder / "report.html", folder / "photos.html"
    command = ["evaluate", str(tiny_bundle.path), "--data", str(toy_data)]
    with contextlib.redirect_stdout(printed):
        assert main([*command, "--report", str(report), "--report-photos", str(photos)]) == 0
    return Run(printed.getvalue(), report.read_text(encoding="utf-8"), photos.read_text(encoding="utf-8"))


def test_it_says_that_the_test_split_is_opened_again(run: Run) -> None:
    assert "the test split of toy-1 is opened again" in run.printed
    assert "note:" not in run.printed


def test_the_figures_are_those_of_the_card(run: Run, tiny_bundle: ModelBundle) -> None:
    assert run.report == (tiny_bundle.path / "report.html").read_text(encoding="utf-8")
    assert f"{tiny_bundle.card.metrics['n_photos']} of {tiny_bundle.card.metrics['n_sources']} sources" in run.printed


def test_the_bundle_stays_as_it_is(run: Run, tiny_bundle: ModelBundle) -> None:
    tiny_bundle.verify()
    assert {path.name for path in tiny_bundle.path.iterdir()} == {CARD, *tiny_bundle.card.files}


def test_photos_are_in_the_other_report_alone(run: Run, tiny_bundle: ModelBundle) -> None:
    n_mistakes = len(tiny_bundle.card.metrics["mistakes"])
    assert "<img" not in run.report
    assert run.photos.count('class="photo"') == 2 * n_mistakes
    assert run.photos.count("data:image/png;base64,") == n_mistakes


def without_manifest(bundle: ModelBundle) -> ModelBundle:
    """The bundle as those were that carried none."""
    files = {name: digest for name, digest in bundle.card.files.items() if name != MANIFEST}
    return dataclasses.replace(bundle, card=dataclasses.replace(bundle.card, files=files))


def test_the_photos_are_those_of_the_bundles_manifest(tiny_bundle: ModelBundle, toy_data: Path) -> None:
    rows = rows_of_test(tiny_bundle, toy_data)
    assert {row.source for row in rows} == set(tiny_bundle.card.data["sources"]["test"])
    assert len(rows) == tiny_bundle.card.metrics["n_photos"]


def test_a_bundle_without_a_manifest_is_measured_on_its_test_sources(tiny_bundle: ModelBundle, toy_data: Path) -> None:
    rows, of_manifest = rows_of_test(without_manifest(tiny_bundle), toy_data), rows_of_test(tiny_bundle, toy_data)
    assert [row.path for row in rows] == [row.path for row in of_manifest]


def test_only_the_test_photos_have_to_be_there(tiny_bundle: ModelBundle, toy_data: Path, tmp_path: Path) -> None:
    for row in rows_of_test(tiny_bundle, toy_data):
        (tmp_path / row.path.relative_to(toy_data)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(row.path, tmp_path / row.path.relative_to(toy_data))
    assert len(rows_of_test(tiny_bundle, tmp_path)) == tiny_bundle.card.metrics["n_photos"]


def test_a_test_photo_that_has_changed_is_named(
    tiny_bundle: ModelBundle, toy_data: Path, tmp_path: Path, photo: bytes
) -> None:
    data = Path(shutil.copytree(toy_data, tmp_path / "photos"))
    changed = data / rows_of_test(tiny_bundle, toy_data)[0].path.relative_to(toy_data)
    changed.write_bytes(photo)
    with pytest.raises(DataError, match=rf"1 photo\(s\) \({changed}\) of .* changed since"):
        rows_of_test(tiny_bundle, data)
    changed.unlink()
    with pytest.raises(DataError, match=rf"1 photo\(s\) \({changed}\) of .* not there"):
        rows_of_test(tiny_bundle, data)


def test_a_manifest_of_new_photos_measures_the_bundle_on_them(
    tiny_bundle: ModelBundle, tmp_path: Path, toy_data: Path
) -> None:
    data = draw_data_folder(tmp_path / "photos", sources=3, photos=1, seed=1)
    for path in [*data.rglob("*.jpg")]:
        path.rename(path.with_name(f"new-{path.name}"))
    assert main(["split", "--data", str(data), "--n-folds", "3", "--out", str(tmp_path / "new.csv")]) == 0
    rows = rows_of_test(tiny_bundle, data, manifest=tmp_path / "new.csv")
    assert [row.split for row in rows] == ["test"] * 3
    assert rows_of_test(without_manifest(tiny_bundle), data, manifest=tmp_path / "new.csv") == rows


@pytest.mark.parametrize("carried", [True, False])
def test_photos_that_a_bundle_was_trained_on_are_no_test_of_it(
    tiny_bundle: ModelBundle, toy_data: Path, tmp_path: Path, carried: bool
) -> None:
    assert main(["split", "--data", str(toy_data), "--n-folds", "3", "--seed", "8", "--out", str(tmp_path / "m")]) == 0
    bundle = tiny_bundle if carried else without_manifest(tiny_bundle)
    with pytest.raises(LeakError, match="source" if carried else "toy-1 was trained on photos of"):
        rows_of_test(bundle, toy_data, manifest=tmp_path / "m")


def test_other_photos_than_in_training_are_noted(
    tiny_bundle: ModelBundle, toy_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "photos"
    shutil.copytree(toy_data, data)
    stranger = next((data / "cats").iterdir())
    shutil.copy(stranger, data / "cats" / "stranger__01.jpg")
    rows = rows_of_test(without_manifest(tiny_bundle), data)
    assert "1 photo(s) of sources of no split are left out" in capsys.readouterr().out
    assert len(rows) == tiny_bundle.card.metrics["n_photos"]


def test_a_folder_without_a_photo_of_the_test_split_is_refused(
    tiny_bundle: ModelBundle, tmp_path: Path, photo: bytes
) -> None:
    for label in ("cats", "dogs"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "stranger__01.jpg").write_bytes(photo)
    with pytest.raises(DataError, match="no photo of the test split of toy-1"):
        rows_of_test(without_manifest(tiny_bundle), tmp_path)
    with pytest.raises(DataError, match="not there"):
        rows_of_test(tiny_bundle, tmp_path)


def test_a_label_that_the_bundle_does_not_know_is_refused(
    tiny_bundle: ModelBundle, toy_data: Path, tmp_path: Path
) -> None:
    test = {*tiny_bundle.card.data["sources"]["test"]}
    for row in read_data_folder(toy_data):
        if row.source in test:
            label = "lions" if row.label == "cats" else row.label
            (tmp_path / label).mkdir(exist_ok=True)
            shutil.copy(row.path, tmp_path / label)
    with pytest.raises(DataError, match="photos of lions, which toy-1 does not know"):
        rows_of_test(without_manifest(tiny_bundle), tmp_path)


def test_a_report_in_the_bundle_is_refused(tmp_path: Path) -> None:
    bundle = tmp_path / "toy-1"
    bundle.mkdir()
    with pytest.raises(DataError, match="inside the bundle toy-1"):
        ensure_places(bundle, None, bundle / "photos.html")
    with pytest.raises(DataError, match="inside the bundle toy-1"):
        ensure_places(bundle, tmp_path / "x" / ".." / "toy-1" / "photos.html")
    ensure_places(bundle, tmp_path / "photos.html", None)


@pytest.mark.parametrize("place", ["nowhere/photos.html", "."])
def test_a_report_in_no_folder_is_refused_at_once(tmp_path: Path, place: str) -> None:
    with pytest.raises(DataError, match="cannot be a report"):
        ensure_places(tmp_path / "toy-1", tmp_path / place)


def test_a_bundle_of_before_there_were_rules_is_measured_too(
    tiny_bundle: ModelBundle, toy_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "toy-1"
    shutil.copytree(tiny_bundle.path, old)
    card = read_bundle(old).card.to_json()
    assert card["thresholds"].pop("rejection") is not None
    card["metrics"] = {"accuracy": None}
    write_card(old, type(tiny_bundle.card).from_json(card))
    assert main(["evaluate", str(old), "--data", str(toy_data)]) == 0
    assert "told by energy, AUROC" in capsys.readouterr().out
