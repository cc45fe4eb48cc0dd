"""One photo's way through a network, in the network's own numbers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image

from app.inference.inside.look import CORNER_PX, MAX_MAPS, LookInside, look_inside
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.vision.bundle import ModelBundle
from app.vision.card import Card, Label, Thresholds
from app.vision.limits import ImageLimits
from app.vision.preprocess import PreprocessSpec, fit_image, to_batch
from tests.fakes import FakeRuntime
from tests.photos import draw_scene, encode


def _look(predictor: Predictor, photo: bytes) -> LookInside:
    return look_inside(predictor.predict(photo, with_layers=True), predictor.bundle.card)


def _predictor(card: Card, predictor: Predictor, logits: list[float]) -> Predictor:
    bundle = ModelBundle(predictor.bundle.path, card)
    return Predictor(bundle, NetworkQueue(FakeRuntime(logits), 1, 1.0), ImageLimits(1_000_000), 1.0)


def _many_labels(card: Card, n: int) -> Card:
    labels = tuple(Label(f"label-{number}", f"Label {number}") for number in range(n))
    return dataclasses.replace(card, labels=labels, other_label=None, thresholds=Thresholds((0.5,) * n))


def test_the_numbers_of_a_label_are_the_networks_and_its_mean_evidence(predictor: Predictor, photo: bytes) -> None:
    found = predictor.predict(photo, with_layers=True)
    look = look_inside(found, predictor.bundle.card)
    assert [row.label.label for row in look.labels] == ["yosemite", "sequoia", "other"]
    assert [row.score for row in look.labels] == [4.0, 1.0, 0.0]
    assert look.places.mean() == pytest.approx(look.labels[0].score)
    assert [row.probability for row in look.labels] == [row.probability for row in found.classification.predictions]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_scores_divided_and_raised_give_the_probabilities(
    card: Card, predictor: Predictor, photo: bytes, temperature: float
) -> None:
    other = _predictor(dataclasses.replace(card, temperature=temperature), predictor, [0.0, 1.0, 4.0])
    look = _look(other, photo)
    for row in look.labels:
        assert row.scaled == pytest.approx(row.score / temperature)
        assert np.exp(row.scaled - look.log_total) == pytest.approx(row.probability)


def test_of_several_labels_each_score_gives_its_own_probability(card: Card, predictor: Predictor, photo: bytes) -> None:
    other = _predictor(dataclasses.replace(card, task="multi_label", other_label=None), predictor, [-2.0, 0.0, 3.0])
    for row in _look(other, photo).labels:
        assert 1 / (1 + np.exp(-row.scaled)) == pytest.approx(row.probability)


def test_the_corner_is_of_the_picture_that_the_network_gets(card: Card, predictor: Predictor, photo: bytes) -> None:
    found = predictor.predict(photo, with_layers=True)
    look, square = look_inside(found, card), fit_image(found.image, card.preprocess)
    assert (look.size_px, look.n_numbers) == (32, 32 * 32 * 3)
    top, left = look.corner.top, look.corner.left
    assert (look.corner.pixels == np.asarray(square)[top : top + CORNER_PX, left : left + CORNER_PX]).all()
    assert look.corner.first == pytest.approx(to_batch([square], card.preprocess)[0, :, top, left].tolist())


def test_the_corner_is_where_the_picture_has_most_to_tell(card: Card, predictor: Predictor) -> None:
    spec = PreprocessSpec(size_px=48, decode_px=48)
    pixels = np.full((48, 48, 3), 90, dtype=np.uint8)
    pixels[24:30, 36:42] = np.random.default_rng(0).integers(0, 255, (6, 6, 3))
    other = _predictor(dataclasses.replace(card, preprocess=spec), predictor, [0.0, 1.0, 4.0])
    corner = _look(other, encode(Image.fromarray(pixels), "PNG")).corner
    assert (corner.left, corner.top) == (36, 24)


@pytest.mark.parametrize("size_px", [8, 11, 12, 13])
def test_a_network_of_very_small_pictures_has_a_corner(card: Card, predictor: Predictor, size_px: int) -> None:
    spec = PreprocessSpec(size_px=size_px, decode_px=64)
    other = _predictor(dataclasses.replace(card, preprocess=spec), predictor, [0.0, 1.0, 4.0])
    assert _look(other, encode(draw_scene())).corner.pixels.shape == (CORNER_PX, CORNER_PX, 3)


@pytest.mark.parametrize(("n", "shown"), [(1, 1), (2, 2), (5, 5), (6, 6), (7, 6), (63, 6)])
def test_no_more_labels_are_shown_than_a_page_holds(
    card: Card, predictor: Predictor, photo: bytes, n: int, shown: int
) -> None:
    look = _look(_predictor(_many_labels(card, n), predictor, [0.1 * number for number in range(n)]), photo)
    assert (look.n_labels, len(look.labels)) == (n, shown)
    assert look.labels[0].label.label == f"label-{n - 1}"


def test_each_layer_shows_some_of_its_maps(predictor: Predictor, photo: bytes) -> None:
    look = _look(predictor, photo)
    assert [(layer.name, layer.n_maps, layer.width) for layer in look.layers] == [
        ("stem", 8, 16),
        ("layer1", 8, 8),
        ("layer2", 12, 4),
        ("layer3", 16, 1),
    ]
    for layer in look.layers:
        channels = [row.channel for row in layer.maps]
        assert len(set(channels)) == MAX_MAPS
        assert all(1 <= channel <= layer.n_maps for channel in channels)


def test_the_same_photo_gives_the_same_look(predictor: Predictor, photo: bytes) -> None:
    first, second = _look(predictor, photo), _look(predictor, photo)
    assert (first.layers, first.labels, first.photo) == (second.layers, second.labels, second.photo)


@pytest.mark.parametrize("logits", [[900.0, -900.0, 0.0], [0.0, 0.0, 0.0], [-1e6, -1e6, -1e6]])
def test_extreme_scores_keep_their_numbers_finite(
    card: Card, predictor: Predictor, photo: bytes, logits: list[float]
) -> None:
    look = _look(_predictor(card, predictor, logits), photo)
    assert np.isfinite(look.log_total)
    assert all(np.isfinite([row.scaled, row.probability]).all() for row in look.labels)
