"""The bundle of this repository: whole, small enough for it, and not sure of pictures that show nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.config import Settings
from app.factory import load_predictor
from app.inference.predictor import Predictor
from app.vision.bundle import LEARNER, NETWORK, REPORT, ModelBundle
from tests.conftest import ROOT
from tests.photos import encode

pytestmark = pytest.mark.slow

MAX_FILE_BYTES = 50_000_000  # GitHub warns above it.
MAX_BUNDLE_BYTES = 75_000_000
SURE = 0.99


@pytest.fixture(scope="module")
def predictor(shipped_bundle: ModelBundle) -> Predictor:
    return load_predictor(Settings(models_dir=ROOT / "models", runtime="cpu"))


def test_every_file_is_the_one_its_card_names(shipped_bundle: ModelBundle) -> None:
    shipped_bundle.verify()
    assert {LEARNER, NETWORK, REPORT} <= set(shipped_bundle.card.files)
    assert shipped_bundle.path.name == shipped_bundle.card.folder_name


def test_the_bundle_is_small_enough_for_a_repository(shipped_bundle: ModelBundle) -> None:
    sizes = [path.stat().st_size for path in shipped_bundle.path.iterdir()]
    assert max(sizes) < MAX_FILE_BYTES
    assert sum(sizes) < MAX_BUNDLE_BYTES


def test_the_card_holds_figures_for_each_label(shipped_bundle: ModelBundle) -> None:
    per_label = shipped_bundle.card.metrics["per_label"]
    assert set(per_label) == set(shipped_bundle.card.vocab)
    for row in per_label.values():
        assert 0 <= row["recall"]["low"] <= row["recall"]["value"] <= row["recall"]["high"] <= 1
        assert row["recall"]["of"] > 0


def test_the_card_tells_its_data_and_its_command(shipped_bundle: ModelBundle) -> None:
    card = shipped_bundle.card
    assert card.data["sha256"] and card.data["note"] and card.training["command"]
    sources = [source for split in card.data["sources"].values() for source in split]
    assert len(sources) == len(set(sources))


def test_no_path_of_the_machine_it_was_made_on_is_in_it(shipped_bundle: ModelBundle) -> None:
    for path in shipped_bundle.path.iterdir():
        content = path.read_bytes()
        assert not any(place in content for place in (b"/work/", b"/home/", b"/root/", b"/Users/")), path.name


def draw_document(seed: int, ground: str = "white") -> Image.Image:
    """A page with a heading and lines of text."""
    rng = np.random.default_rng(seed)
    page = Image.new("RGB", (600, 800), ground)
    draw = ImageDraw.Draw(page)
    draw.rectangle((60, 60, 400, 90), fill="black")
    for top in range(130, 720, 24):
        left = 60
        while left < 520:
            width = int(rng.integers(12, 60))
            draw.rectangle((left, top, min(540, left + width), top + 9), fill=(40, 40, 40))
            left += width + 9
    return page


def draw_noise(seed: int, grain: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (480 // grain, 640 // grain, 3)).astype(np.uint8)
    return Image.fromarray(pixels).resize((640, 480), Image.Resampling.NEAREST)


NOTHINGS = {
    **{f"document-{seed}": draw_document(seed) for seed in range(3)},
    "yellowed-document": draw_document(3, "#f4ecd8"),
    **{
        f"plain-{colour}": Image.new("RGB", (640, 480), colour)
        for colour in ("white", "black", "grey", "red", "green", "blue", "skyblue", "saddlebrown")
    },
    **{f"noise-{grain}": draw_noise(grain, grain) for grain in (1, 4, 20)},
}


@pytest.mark.parametrize("name", NOTHINGS)
def test_a_picture_of_nothing_is_not_surely_a_park(predictor: Predictor, name: str) -> None:
    found = predictor.predict(encode(NOTHINGS[name])).classification
    assert found.verdict != "match" or found.predictions[0].probability < SURE


def test_the_report_needs_nothing_from_elsewhere(shipped_bundle: ModelBundle) -> None:
    report = Path(shipped_bundle.path / REPORT).read_text(encoding="utf-8")
    assert "<script" not in report
    assert 'src="http' not in report and "@import" not in report
