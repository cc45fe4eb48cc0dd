"""The look inside shows the network's own numbers, whatever the bundle, and stays within its weight."""

from __future__ import annotations

import io

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.config import Settings
from app.factory import create_app
from app.inference.inside.look import look_inside
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.inference.runtime import load_runtime
from app.vision.bundle import ModelBundle
from app.vision.limits import ImageLimits
from tests.forms import FORM, form_body
from tests.photos import draw_scene, encode
from tests.web.page_reader import Page

# Bytes of the page, with all its pictures in it: of a drawn scene, and of the worst there is, noise.
MAX_PAGE_BYTES = 250_000
MAX_PAGE_OF_NOISE_BYTES = 900_000


@pytest.fixture
def predictor(bundle: ModelBundle) -> Predictor:
    return Predictor(bundle, NetworkQueue(load_runtime("cpu", bundle, 1), 4, 60.0), ImageLimits(), 60.0)


@pytest.fixture
def client(predictor: Predictor) -> FlaskClient:
    return create_app(Settings(max_photos_per_minute=0), ModelSlot(lambda: predictor)).test_client()


def _page_bytes(client: FlaskClient, photo: bytes) -> int:
    answer = client.post("/how-it-works", data=form_body(("photo", "a.jpg", photo)), content_type=FORM)
    assert answer.status_code == 200
    assert Page(answer).all("h2")
    return len(answer.data)


def test_the_scores_shown_are_the_mean_of_the_evidence_and_give_the_probabilities(predictor: Predictor) -> None:
    found = predictor.predict(encode(draw_scene(size=(640, 480))), with_layers=True)
    card = predictor.bundle.card
    look = look_inside(found, card)
    shown = {row.label.label: row for row in look.labels}
    for index, label in enumerate(card.vocab):
        assert found.evidence[index].mean() == pytest.approx(shown[label].score, abs=1e-4)
    assert look.places.mean() == pytest.approx(look.labels[0].score, abs=1e-4)
    for prediction in found.classification.predictions:
        row = shown[prediction.label.label]
        assert row.probability == prediction.probability
        if card.task == "single_label":
            assert np.exp(row.scaled - look.log_total) == pytest.approx(row.probability, abs=1e-6)


def test_the_page_shows_the_probabilities_that_the_api_gives(client: FlaskClient) -> None:
    photo = encode(draw_scene(size=(640, 480)))
    answer = client.post("/how-it-works", data=form_body(("photo", "a.jpg", photo)), content_type=FORM)
    [result] = client.post("/api/v1/predict", data=photo, content_type="image/jpeg").get_json()["results"]
    for row in result["predictions"]:
        assert f"{100 * row['probability']:.1f} %" in Page(answer).texts


def test_every_layer_is_shown_in_pictures_that_open(client: FlaskClient, predictor: Predictor) -> None:
    page = Page(client.get("/how-it-works"))
    layers = look_inside(predictor.predict(encode(draw_scene()), with_layers=True), predictor.bundle.card).layers
    assert [layer.name for layer in layers] == ["stem", "layer1", "layer2", "layer3"]
    pictures = [row for row in page.all("img") if (row["alt"] or "").startswith("What map")]
    assert len(pictures) == sum(len(layer.maps) for layer in layers)
    assert all((row["src"] or "").startswith("data:image/") for row in pictures)


def test_a_photo_makes_a_page_of_a_weight_that_a_phone_carries(client: FlaskClient) -> None:
    assert _page_bytes(client, encode(draw_scene(size=(1600, 1200)))) <= MAX_PAGE_BYTES


def test_the_worst_photo_makes_no_page_without_an_end(client: FlaskClient) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (640, 640, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    assert _page_bytes(client, file.getvalue()) <= MAX_PAGE_OF_NOISE_BYTES
