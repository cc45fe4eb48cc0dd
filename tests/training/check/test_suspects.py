"""What a model makes doubtful."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.vision.bundle import MANIFEST, ModelBundle, file_sha256
from tests.training.check.checked import checked
from tests.training.outputs import make_card
from tests.training.splitting.photo_rows import FLAT, row, structured_hash
from training.check.findings import CheckedPhoto
from training.check.limits import CheckLimits
from training.check.look import Looked
from training.check.suspects import check_labels, check_outliers, trained_on
from training.splitting.manifest import write_manifest

CARD = make_card("cats", "dogs")
EACH = 20


def photos_of(labels: Sequence[str]) -> list[CheckedPhoto]:
    return [checked(f"{label}/{number}.jpg") for number, label in enumerate(labels)]


def looked(photos: Sequence[CheckedPhoto], logits: object, embeddings: object = None) -> Looked:
    logits = np.asarray(logits, dtype=np.float32)
    wide = np.zeros((len(photos), 4)) if embeddings is None else embeddings
    return Looked(tuple(photos), logits, np.asarray(wide, dtype=np.float32))


def sure(*class_indices: int) -> list[list[float]]:
    """Logits of a model that is sure of one class for each photo, and of a hundredth less for each further one."""
    return [
        [4.0 - number / 100 if index == chosen else 0.0 for index in range(2)]
        for number, chosen in enumerate(class_indices)
    ]


def test_a_label_that_the_model_cannot_believe_is_found() -> None:
    photos = photos_of(["cats"] * EACH + ["dogs"] * EACH)
    seen = np.zeros(2 * EACH, dtype=bool)
    says = [0] * (EACH - 1) + [1] + [1] * EACH
    [finding] = check_labels(looked(photos, sure(*says)), seen, CARD)
    assert finding.photos == finding.suspects == (photos[EACH - 1].path,)
    assert finding.reason == "Labelled cats (2 %), looks like dogs (98 %). Not trained on."


def test_labels_that_the_model_believes_are_not_found() -> None:
    photos = photos_of(["cats"] * EACH + ["dogs"] * EACH)
    says = [0] * EACH + [1] * EACH
    for seen in (False, True):
        assert check_labels(looked(photos, sure(*says)), np.full(2 * EACH, seen), CARD) == []


def test_of_photos_it_was_trained_on_is_told_what_it_still_doubts_and_after_the_others() -> None:
    photos = photos_of(["cats"] * EACH + ["dogs"] * EACH)
    seen = np.arange(2 * EACH) < 2
    says = [1, 0] + [0] * (EACH - 3) + [1] + [1] * EACH
    fair, kind = check_labels(looked(photos, sure(*says)), seen, CARD)
    assert fair.photos == (photos[EACH - 1].path,)
    assert kind.photos == (photos[0].path,)
    assert kind.reason.endswith("Trained on with this label, and still doubted.")


def test_a_model_that_was_trained_on_all_can_still_be_asked() -> None:
    photos = photos_of(["cats", "dogs"])
    assert len(check_labels(looked(photos, sure(1, 1)), np.ones(2, dtype=bool), CARD)) == 1


def test_no_photos_have_no_findings() -> None:
    assert check_labels(looked([], np.empty((0, 2))), np.empty(0, dtype=bool), CARD) == []
    assert check_outliers(looked([], np.empty((0, 2))), CheckLimits()) == []


@pytest.mark.parametrize("is_seen", [False, True])
def test_of_several_labels_the_one_that_is_missing_is_told(is_seen: bool) -> None:
    card = dataclasses.replace(CARD, task="multi_label", labels=CARD.labels, other_label=None)
    kinds = [(), ("cats",), ("dogs",), ("cats", "dogs")]
    given = [kinds[number % 4] for number in range(80)]
    photos = [checked(f"{number}.jpg", labels=labels) for number, labels in enumerate(given)]
    logits = np.array([[4.0 if label in labels else -4.0 for label in card.vocab] for labels in given])
    logits[1] = [4.0, 4.0]
    [finding] = check_labels(looked(photos, logits), np.full(80, is_seen), card)
    assert finding.photos == (photos[1].path,)
    assert finding.reason.startswith("Labelled cats (98 %), looks like cats (98 %), dogs (98 %).")


def bundle_of(*train: str, path: Path = Path("toy-1")) -> ModelBundle:
    """A bundle that was trained on these sources; with a manifest, if its folder has one."""
    manifest = {MANIFEST: file_sha256(path / MANIFEST)} if (path / MANIFEST).exists() else {}
    sources = {"train": list(train), "valid": ["ben"], "test": []}
    return ModelBundle(path, dataclasses.replace(CARD, data={"sources": sources}, files=manifest))


def test_photos_of_training_sources_were_trained_on() -> None:
    photos = [checked(f"cats/{source}.jpg", source=source) for source in ("anna", "ben", "cleo")]
    assert trained_on(photos, bundle_of("anna"), 6).tolist() == [True, False, False]


@pytest.mark.parametrize(("n_bits", "is_seen"), [(5, True), (6, True), (7, False)])
def test_near_duplicates_of_them_were_as_good_as_trained_on(n_bits: int, is_seen: bool) -> None:
    looks = {"anna": structured_hash(1), "ben": structured_hash(1, *range(n_bits))}
    photos = [checked(f"cats/{source}.jpg", source=source, perceptual_hash=look) for source, look in looks.items()]
    assert trained_on(photos, bundle_of("anna"), 6).tolist() == [True, is_seen]


def test_pictures_without_structure_are_no_near_duplicates_of_them() -> None:
    flat = [checked(f"cats/{source}.jpg", source=source, perceptual_hash=FLAT) for source in ("anna", "ben")]
    assert trained_on(flat, bundle_of("anna"), 6).tolist() == [True, False]


def test_photos_of_the_bundles_manifest_were_trained_on_whatever_they_are_called_now(tmp_path: Path) -> None:
    rows = [
        row("cats/anna__1.jpg", "train"),
        row("cats/ben__1.jpg", "valid"),
        row("cats/cleo__1.jpg", "train", look=FLAT),
    ]
    write_manifest(tmp_path / MANIFEST, rows, Path("photos"))
    photos = [
        checked(f"cats/{n}.jpg", sha256=of.sha256 if n == 2 else "another", perceptual_hash=of.perceptual_hash)
        for n, of in enumerate(rows)
    ]
    assert trained_on(photos, bundle_of(path=tmp_path), 6).tolist() == [True, False, True]


def test_of_a_bundle_that_names_no_sources_everything_counts_as_trained_on() -> None:
    nameless = ModelBundle(Path("toy-1"), dataclasses.replace(CARD, data={}))
    assert trained_on(photos_of(["cats", "dogs"]), nameless, 6).tolist() == [True, True]


def test_a_photo_unlike_all_others_is_an_outlier() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal([5, 5, 5, 5], 0.3, (60, 4))
    embeddings[7] = [5, -5, 5, -5]
    photos = photos_of(["cats"] * 60)
    first, *others = check_outliers(looked(photos, np.zeros((60, 2)), embeddings), CheckLimits(outlier_fence=6))
    assert first.photos == (photos[7].path,) and others == []
    assert first.reason.startswith("Labelled cats; ")


@pytest.mark.parametrize(("n", "is_told"), [(9, False), (10, False), (11, True)])
def test_of_fewer_photos_than_neighbours_nothing_is_said(n: int, is_told: bool) -> None:
    embeddings = np.ones((n, 4)) + np.random.default_rng(0).normal(0, 0.01, (n, 4))
    embeddings[0] = [1, -1, 1, -1]
    found = check_outliers(looked(photos_of(["cats"] * n), np.zeros((n, 2)), embeddings), CheckLimits(neighbours=10))
    assert bool(found) is is_told


@pytest.mark.parametrize(("fence", "n_found"), [(2.99, 1), (3.0, 0), (3.01, 0)])
def test_where_the_fence_stands(monkeypatch: pytest.MonkeyPatch, fence: float, n_found: int) -> None:
    distances = np.array([1.0] * 5 + [2.0] * 5 + [3.0] * 5 + [3.0 + 3.0 * 2.0])  # Quartiles 1 and 3, so one fence is 2.

    class FixedDistances:
        def __init__(self, params: object) -> None: ...

        def fit_score(self, **_: object) -> object:
            return np.exp(-distances)

    monkeypatch.setattr("training.check.suspects.OutOfDistribution", FixedDistances)
    sixteen = looked(photos_of(["cats"] * 16), np.zeros((16, 2)))
    low, high = np.percentile(distances, [25, 75])
    assert (low, high) == (1.0, 3.0)
    assert len(check_outliers(sixteen, CheckLimits(outlier_fence=fence))) == n_found


def test_photos_that_are_all_the_same_are_no_outliers() -> None:
    assert check_outliers(looked(photos_of(["cats"] * 30), np.zeros((30, 2)), np.ones((30, 4))), CheckLimits()) == []
