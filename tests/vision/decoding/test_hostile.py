"""Files that were made to harm get the 4xx they deserve, at once, for little memory."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.config import Settings
from app.errors import (
    DamagedImageError,
    PhotoError,
    TooCostlyImageError,
    TooManyPixelsError,
    UnsupportedImageError,
)
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.vision.bundle import ModelBundle
from app.vision.card import Card
from app.vision.image_io import open_image
from app.vision.limits import ImageLimits
from tests.conftest import ROOT
from tests.fakes import FakeRuntime
from tests.vision.decoding import hostile

# In production a warning of Pillow's is a line in the log, not an error, and so it is here.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")

EXPECTED: dict[type[PhotoError], dict[str, bytes]] = {
    TooManyPixelsError: hostile.TOO_MANY_PIXELS,
    DamagedImageError: hostile.DAMAGED,
    TooCostlyImageError: hostile.TOO_COSTLY,
    UnsupportedImageError: hostile.UNSUPPORTED,
}
REFUSED = [(name, error) for error, files in EXPECTED.items() for name in files]
MOST_CPU_S = 5.0  # Not by the clock, which other tests slow down.
MOST_BYTES = 120_000_000


@pytest.mark.parametrize(("name", "error"), REFUSED, ids=[name for name, _ in REFUSED])
def test_a_hostile_file_is_refused_for_what_it_is(name: str, error: type[PhotoError]) -> None:
    started = time.process_time()
    with pytest.raises(PhotoError) as refused:
        open_image(EXPECTED[error][name], decode_px=448)
    assert type(refused.value) is error
    assert time.process_time() - started < MOST_CPU_S


@pytest.mark.parametrize("name", hostile.HARMLESS)
def test_a_photo_that_carries_something_is_a_photo(name: str) -> None:
    assert open_image(hostile.HARMLESS[name], decode_px=448).size == hostile.SCENE.size


def test_all_of_them_together_take_little_memory() -> None:
    code = """if True:
        import resource, warnings
        from app.errors import PhotoError
        from app.vision.image_io import open_image
        from tests.vision.decoding.hostile import draw_all
        warnings.simplefilter("ignore")
        files = draw_all()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for file in files.values():
            try:
                open_image(file, decode_px=448)
            except PhotoError:
                continue
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 1024 * int(done.stdout) < MOST_BYTES


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """As they are by default."""
    return Settings(models_dir=tmp_path)


@pytest.fixture
def predictor(card: Card, runtime: FakeRuntime, tmp_path: Path) -> Predictor:
    return Predictor(ModelBundle(tmp_path, card), NetworkQueue(runtime, 4, 5.0), ImageLimits(), 5.0)


@pytest.mark.parametrize(("name", "error"), REFUSED, ids=[name for name, _ in REFUSED])
def test_the_api_answers_a_hostile_file_with_its_status(
    client: FlaskClient, name: str, error: type[PhotoError]
) -> None:
    answer = client.post("/api/v1/predict", data=EXPECTED[error][name], content_type="image/jpeg")
    assert (answer.status_code, answer.get_json()["code"]) == (error.status, error.code)
