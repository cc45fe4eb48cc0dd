"""What the network says, asked for by a check."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from app.errors import BundleDamagedError
from app.vision.bundle import NETWORK, ModelBundle, file_sha256
from app.vision.image_io import open_image
from app.vision.limits import ImageLimits
from app.vision.preprocess import fit_image, to_batch
from tests.photos import draw_data_folder
from tests.training.check.checked import checked
from training.check.findings import CheckedPhoto
from training.check.look import ensure_network, look_at
from training.check.run import CheckRequest, CheckResult, run_check

pytestmark = pytest.mark.slow


def photos_in(folder: Path) -> list[CheckedPhoto]:
    photo = checked("cats/a.jpg")
    paths = sorted(folder.rglob("*.jpg"))[:6]
    return [dataclasses.replace(photo, row=dataclasses.replace(photo.row, path=path)) for path in paths]


@pytest.mark.parametrize("n_workers", [0, 2])
def test_the_network_sees_what_it_is_served(tiny_bundle: ModelBundle, toy_data: Path, n_workers: int) -> None:
    photos, spec = photos_in(toy_data), tiny_bundle.card.preprocess
    looked = look_at(photos, tiny_bundle, n_workers=n_workers, max_read_s=60, limits=ImageLimits())
    session = onnxruntime.InferenceSession(str(tiny_bundle.path / NETWORK), providers=["CPUExecutionProvider"])
    images = [fit_image(open_image(photo.path, decode_px=spec.decode_px), spec) for photo in photos]
    logits, embeddings = session.run(["logits", "embedding"], {"batch": to_batch(images, spec)})
    np.testing.assert_allclose(looked.logits, logits, atol=1e-4)
    np.testing.assert_allclose(looked.embeddings, embeddings, atol=1e-4)


def test_a_photo_that_has_gone_meanwhile_is_left_out(tiny_bundle: ModelBundle, toy_data: Path, tmp_path: Path) -> None:
    photos = photos_in(Path(shutil.copytree(toy_data, tmp_path / "photos")))
    photos[1].path.unlink()
    photos[2].path.write_bytes(b"no longer a photo")
    looked = look_at(photos, tiny_bundle, n_workers=0, max_read_s=60, limits=ImageLimits())
    assert looked.photos == (photos[0], *photos[3:])
    for photo in photos:
        photo.path.unlink(missing_ok=True)
    assert look_at(photos, tiny_bundle, n_workers=0, max_read_s=60, limits=ImageLimits()).photos == ()


def test_a_network_that_does_not_load_is_found_out_before_any_photo(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    path = Path(shutil.copytree(tiny_bundle.path, tmp_path / "toy-1"))
    (path / NETWORK).write_bytes(b"no network")
    card = tiny_bundle.card
    with pytest.raises(BundleDamagedError, match="sha256"):
        ensure_network(ModelBundle(path, card))
    files = {**card.files, NETWORK: file_sha256(path / NETWORK)}
    with pytest.raises(BundleDamagedError, match="cannot be loaded"):
        ensure_network(ModelBundle(path, dataclasses.replace(card, files=files)))


def result_of(data: Path, bundle: ModelBundle) -> CheckResult:
    return run_check(CheckRequest(data, bundle=bundle.path, n_workers=0))


def test_a_check_says_which_photos_a_bundle_judges_too_kindly(tiny_bundle: ModelBundle, toy_data: Path) -> None:
    result = result_of(toy_data, tiny_bundle)
    sources = {*tiny_bundle.card.data["sources"]["train"]}
    n_trained = sum(photo.row.source in sources for photo in result.photos)
    assert 0 < n_trained < len(result.photos)
    [note] = result.notes
    assert f"toy-1 looked at {len(result.photos)} photos. It was trained on {n_trained} of them" in note
    for finding in result.of_kind("wrong_label"):
        [photo] = [photo for photo in result.photos if photo.path in finding.photos]
        assert ("Not trained on." in finding.reason) is (photo.row.source not in sources)


def test_photos_of_labels_that_a_bundle_does_not_know_are_counted(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    data = draw_data_folder(tmp_path / "photos")
    (data / "cats").rename(data / "birds")
    result = result_of(data, tiny_bundle)
    assert result.notes[1] == "18 photos have labels that toy-1 does not know."
