"""The doors: each takes bytes of a stranger and gives the name of what became of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from app.config import Settings
from app.errors import PhotoError
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.inference.runtime import Array, NetworkOutput
from app.vision.bundle import ModelBundle
from app.vision.card import Card, Label, Thresholds
from app.vision.image_io import open_image
from app.vision.limits import ImageLimits
from app.vision.preprocess import PreprocessSpec, fit_image
from tests.fakes import FakeRuntime
from tests.forms import FORM, form_body

LIMITS = ImageLimits(max_image_px=4_000_000, max_heif_s=5.0)
_SPEC = PreprocessSpec(size_px=32, decode_px=64)

Door = Callable[[bytes], str]


class ForgetfulRuntime(FakeRuntime):
    """Remembers nothing it was asked: ten thousand batches would look like a leak."""

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        output = super().run(batch, with_layers=with_layers)
        self.batches.clear()
        return output


class UnexpectedAnswerError(Exception):
    """An answer that no bytes may bring about."""


def doors() -> dict[str, Door]:
    """Every door by its name."""
    return {"open": open_photo, **api_doors()}


def open_photo(data: bytes) -> str:
    """`open_image`, and what the network would be shown."""
    try:
        image = open_image(data, limits=LIMITS, decode_px=_SPEC.decode_px)
    except PhotoError as error:
        return error.code
    if image.mode != "RGB" or image.width * image.height > LIMITS.max_image_px:
        raise UnexpectedAnswerError(f"{image.mode} of {image.size}")
    fit_image(image, _SPEC)
    return "opened"


def photo_form(photo: bytes) -> bytes:
    """The body of a form as a browser sends it, with a text and a photo."""
    return form_body(("url", None, b""), ("photo", "half-dome.jpg", photo), ("note", None, b"at sunset"))


def carried_form(photo: bytes) -> bytes:
    """The body of a form that carries on the photo that a page shows."""
    return form_body(("photo_data", None, b"data:image/jpeg;base64," + base64.b64encode(photo)))


def photo_json(photo: bytes) -> bytes:
    return json.dumps({"photos": [{"base64": base64.b64encode(photo).decode()}]}).encode()


def api_doors() -> dict[str, Door]:
    """Requests to the application, as forms (of the API and of the pages), as JSON and raw; it fetches nothing."""
    client = _make_app().test_client()
    return {
        "form": lambda body: _post(client, body, FORM),
        "json": lambda body: _post(client, body, "application/json"),
        "raw": lambda body: _post(client, body, "image/jpeg"),
        "page": lambda body: _post_page(client, body, "/"),
        "inside": lambda body: _post_page(client, body, "/how-it-works"),
    }


def _post(client: FlaskClient, body: bytes, content_type: str) -> str:
    answer = client.post("/api/v1/predict", data=body, content_type=content_type)
    if not _is_expected(answer.status_code) or not isinstance(answer.get_json(), dict):
        raise UnexpectedAnswerError(f"{answer.status_code}: {answer.get_data()[:200]!r}")
    return f"{answer.status_code} {answer.get_json().get('code', 'answered')}"


def _post_page(client: FlaskClient, body: bytes, path: str) -> str:
    answer = client.post(path, data=body, content_type=FORM, headers={"Accept": "text/html"})
    if not _is_expected(answer.status_code) or answer.mimetype != "text/html":
        raise UnexpectedAnswerError(f"{answer.status_code}: {answer.get_data()[:200]!r}")
    return f"{answer.status_code} page"


def _is_expected(status: int) -> bool:
    """A 429 would say that the door is closed, and nothing of what is behind it."""
    return status < 500 and status != 429


def _make_app() -> Flask:
    card = Card(
        name="fuzz",
        version="1",
        task="single_label",
        labels=(Label("other", "None of these"), Label("yosemite", "Yosemite National Park")),
        other_label="other",
        preprocess=_SPEC,
        temperature=1.0,
        thresholds=Thresholds((0.8, 0.8)),
    )
    bundle = ModelBundle(Path("fuzz-1"), card)
    predictor = Predictor(bundle, NetworkQueue(ForgetfulRuntime([0.0, 4.0]), 4, 5.0), LIMITS, 5.0)
    settings = Settings(max_upload_bytes=2_000_000, max_photos=3, max_photos_per_minute=0, url_fetch="off")
    return create_app(settings, ModelSlot(lambda: predictor))
