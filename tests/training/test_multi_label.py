"""Several labels a photo, from the table to the page."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.config import Settings
from app.factory import create_app
from app.vision.bundle import ModelBundle, read_current_bundle
from app.vision.learner import load_verified_learner
from tests.photos import draw_shape_table
from tests.web.page_reader import Page
from training.cli import main
from training.config import TrainConfig
from training.data import SPLITS, PhotoRow, split_by_group
from training.outputs import targets
from training.table import read_label_table

pytestmark = pytest.mark.slow

CHOICES = "--multi-label --weights none --size-px 64 --freeze-epochs 0 --epochs 12 --batch-size 8 --n-folds 4"
KEEP_ALL = "--min-crop-area 1 --dropout 0 --body-lr-divisor 1 --known-share 1"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_shape_table(tmp_path_factory.mktemp("shapes"), each=12)


@pytest.fixture(scope="module")
def shapes(table: Path, all_checked_here: None) -> ModelBundle:
    """A real bundle that knows cones and balls, promoted."""
    models = table.parent / "models"
    train = ["train", "--data", str(table.parent / "photos"), "--labels", str(table), "--out", str(models)]
    train += ["--name", "shapes", "--version", "1", "--run-dir", str(table.parent / "run")]
    assert main([*train, *CHOICES.split(), *KEEP_ALL.split()]) == 0
    assert main(["bundle", "promote", "shapes-1", "--models", str(models)]) == 0
    return read_current_bundle(models)


@pytest.fixture
def client(shapes: ModelBundle) -> FlaskClient:
    return create_app(Settings(models_dir=shapes.path.parent)).test_client()


def photo_of(table: Path, shapes: ModelBundle, *labels: str) -> bytes:
    """A validation photo that shows just these."""
    rows = read_label_table(table, table.parent / "photos", multi_label=True)
    config = TrainConfig(**shapes.card.training["config"])
    split = split_by_group(rows, n_folds=config.n_folds, seed=config.seed)
    return next(row.path.read_bytes() for row in split if row.split == "valid" and row.labels == labels)


def test_a_photo_with_two_objects_gets_both_on_the_page(table: Path, shapes: ModelBundle, client: FlaskClient) -> None:
    photo = io.BytesIO(photo_of(table, shapes, "ball", "cone"))
    page = Page(client.post("/", data={"photo": (photo, "both.png")}))
    assert {"I see Ball and Cone.", "I see Cone and Ball."} & set(page.texts)
    assert "Is it in the photo?" in page.texts


def test_a_photo_with_two_objects_gets_both_by_api(table: Path, shapes: ModelBundle, client: FlaskClient) -> None:
    photo = photo_of(table, shapes, "ball", "cone")
    answer = client.post("/api/v1/predict?explain=true", data=photo, content_type="image/png").get_json()
    [result] = answer["results"]
    assert (result["verdict"], sorted(result["labels"])) == ("match", ["ball", "cone"])
    assert sum(row["probability"] for row in result["predictions"]) > 1.2
    assert result["explanation"]["heat_map"].startswith("data:image/png")


def test_a_photo_with_one_object_gets_it_alone(table: Path, shapes: ModelBundle, client: FlaskClient) -> None:
    photo = photo_of(table, shapes, "cone")
    answer = client.post("/api/v1/predict", data=photo, content_type="image/png").get_json()
    assert answer["results"][0]["labels"] == ["cone"]


def test_a_photo_with_none_is_unknown(table: Path, shapes: ModelBundle, client: FlaskClient) -> None:
    page = Page(client.post("/", data={"photo": (io.BytesIO(photo_of(table, shapes)), "none.png")}))
    assert "I see nothing here that I know." in page.texts


def test_the_card_says_what_was_trained(shapes: ModelBundle) -> None:
    card = shapes.card
    assert (card.task, card.vocab) == ("multi_label", ("ball", "cone"))
    assert card.training["config"]["label_smoothing"] == 0.0
    assert card.data["counts"]["train"].keys() == {"ball", "cone"}
    assert set(card.metrics["per_label"]) == {"ball", "cone"}


def test_the_bundle_is_measured_again_on_the_photos_of_its_table(
    table: Path, shapes: ModelBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.html"
    command = ["evaluate", str(shapes.path), "--data", str(table.parent / "photos"), "--labels", str(table)]
    assert main([*command, "--report", str(report), "--report-photos", str(tmp_path / "photos.html")]) == 0
    assert report.read_bytes() == (shapes.path / "report.html").read_bytes()
    printed = capsys.readouterr().out
    assert "mean average precision" in printed and "note:" not in printed


def test_the_exported_learner_names_every_label_it_sees(table: Path, shapes: ModelBundle) -> None:
    learner = load_verified_learner(shapes)
    with learner.no_bar():
        labels, _, probabilities = learner.predict(photo_of(table, shapes, "ball", "cone"))
    assert sorted(labels) == ["ball", "cone"]
    assert float(probabilities.min()) > 0.5


def test_every_label_is_in_every_split(table: Path) -> None:
    rows = read_label_table(table, table.parent / "photos", multi_label=True)
    dealt = split_by_group(rows, n_folds=4, seed=3)
    for split in SPLITS:
        assert {label for row in dealt if row.split == split for label in row.labels} == {"ball", "cone"}


def test_targets_say_yes_or_no_to_each_label(shapes: ModelBundle) -> None:
    kinds = [("ball",), ("ball", "cone"), ()]
    rows = [PhotoRow(Path(), "", "", "", several=labels) for labels in kinds]
    assert targets(rows, shapes.card).tolist() == [[1, 0], [1, 1], [0, 0]]
