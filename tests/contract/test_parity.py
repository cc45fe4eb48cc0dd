"""The learner, the torch runtime and the CPU runtime are one network, shown the same thing."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.errors import BundleDamagedError
from app.inference.cpu_runtime import CpuRuntime
from app.inference.runtime import Runtime
from app.inference.torch_runtime import TorchRuntime
from app.vision.bundle import LEARNER, ModelBundle, file_sha256
from app.vision.card import Card
from app.vision.image_io import open_image
from app.vision.learner import learner_logits, load_verified_learner
from app.vision.preprocess import fit_image, to_batch
from app.vision.scores import probabilities
from tests.photos import draw_quadrants, draw_scene, encode, encode_heic

pytestmark = pytest.mark.slow

TOLERANCE = 1e-3  # In probability, float32 in all three: what DESIGN.md promises.
RUNTIMES: dict[str, Callable[[ModelBundle, int], Runtime]] = {"torch": TorchRuntime, "cpu": CpuRuntime}


def draw_photos() -> list[bytes]:
    """Every format, small, large and narrow, every EXIF orientation, transparent, 16-bit, animated."""
    scene = draw_scene(1, (320, 240))
    formats = [encode(scene, name) for name in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")]
    formats.append(encode_heic(scene))
    sizes = [encode(draw_scene(2, size)) for size in ((2400, 1800), (1800, 2400), (40, 900), (900, 40), (9, 7))]
    modes = [encode(scene.convert(mode), "PNG") for mode in ("L", "LA", "RGBA", "P", "1")]
    deep = Image.fromarray(np.asarray(scene.convert("L")).astype(np.uint16) * 257)
    animation = encode(scene, "GIF", save_all=True, append_images=[draw_scene(3, (320, 240))])
    return [*formats, *sizes, *modes, encode(deep, "PNG"), animation, *turned(draw_quadrants((300, 200)))]


def turned(image: Image.Image) -> list[bytes]:
    photos = []
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        photos.append(encode(image, "JPEG", exif=exif))
    return photos


PHOTOS = draw_photos()


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TorchRuntime, "finds_cuda", staticmethod(lambda: False))


def served(bundle: ModelBundle, runtime: Runtime) -> NDArray[np.float64]:
    """Probabilities as the server gives them, a photo at a time."""
    spec = bundle.card.preprocess
    batches = [to_batch([fit_image(open_image(photo, decode_px=spec.decode_px), spec)], spec) for photo in PHOTOS]
    return probabilities(np.concatenate([runtime.run(batch).logits for batch in batches]), bundle.card)


def test_the_learner_and_both_runtimes_agree(bundle: ModelBundle) -> None:
    expected = probabilities(learner_logits(load_verified_learner(bundle), PHOTOS, batch_size=5), bundle.card)
    for name, kind in RUNTIMES.items():
        gap = np.abs(served(bundle, kind(bundle, 1)) - expected).max(axis=1)
        assert gap.max() <= TOLERANCE, f"{name}, photo {gap.argmax()}"


def test_the_photos_are_not_all_the_same_to_the_network(bundle: ModelBundle) -> None:
    assert np.ptp(served(bundle, CpuRuntime(bundle, 1)), axis=0).max() > 10 * TOLERANCE


def test_what_fastai_predicts_is_what_is_served_before_calibration(bundle: ModelBundle) -> None:
    learner = load_verified_learner(bundle)
    with learner.no_bar(), learner.no_logging():
        predicted, _ = learner.get_preds(dl=learner.dls.test_dl(PHOTOS, num_workers=0))
    card: Card = dataclasses.replace(bundle.card, temperature=1.0)
    assert list(learner.dls.vocab) == list(card.vocab)
    found = served(ModelBundle(bundle.path, card), CpuRuntime(bundle, 1))
    assert np.abs(found - predicted.numpy()).max() <= TOLERANCE


def test_a_file_and_its_bytes_are_the_same_photo(bundle: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(PHOTOS[-1])
    logits = learner_logits(load_verified_learner(bundle), [tmp_path / "photo.jpg", PHOTOS[-1]])
    assert np.array_equal(logits[0], logits[1])


@pytest.mark.parametrize("kind", RUNTIMES)
def test_the_mean_of_the_evidence_is_the_logit(bundle: ModelBundle, kind: str) -> None:
    spec = bundle.card.preprocess
    images = [fit_image(open_image(photo, decode_px=spec.decode_px), spec) for photo in PHOTOS[:6]]
    output = RUNTIMES[kind](bundle, 1).run(to_batch(images, spec))
    assert output.evidence.shape[:2] == output.logits.shape == (6, len(bundle.card.labels))
    assert np.abs(output.evidence.mean(axis=(2, 3)) - output.logits).max() <= TOLERANCE


def test_both_runtimes_give_the_same_maps(bundle: ModelBundle) -> None:
    spec = bundle.card.preprocess
    batch = to_batch([fit_image(open_image(PHOTOS[0], decode_px=spec.decode_px), spec)], spec)
    first, second = (kind(bundle, 1).run(batch, with_layers=True) for kind in RUNTIMES.values())
    assert list(first.layers) == list(second.layers) == ["stem", "layer1", "layer2", "layer3"]
    for name in first.layers:
        assert np.allclose(first.layers[name], second.layers[name], atol=1e-3), name
    assert np.allclose(first.embedding, second.embedding, atol=1e-3)
    assert np.allclose(first.evidence, second.evidence, atol=1e-3)


class Intruder:
    """Its pickle creates a file when it is loaded."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.trace,)


def test_a_learner_of_another_sha256_is_not_unpickled(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / LEARNER).write_bytes(pickle.dumps(Intruder(tmp_path / "trace")))
    with pytest.raises(BundleDamagedError, match="sha256"):
        TorchRuntime(ModelBundle(tmp_path, tiny_bundle.card), 1)
    assert not (tmp_path / "trace").exists()


def test_the_intruder_would_have_left_its_trace(tmp_path: Path) -> None:
    path = tmp_path / LEARNER
    path.write_bytes(pickle.dumps(Intruder(tmp_path / "trace")))
    pickle.loads(path.read_bytes())
    assert (tmp_path / "trace").exists()
    assert len(file_sha256(path)) == 64
