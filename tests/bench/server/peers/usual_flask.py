"""The Flask app that many write after the fastai course: `load_learner`, and `learn.predict` for each upload.

Torch's threads are left as they are, since hardly anybody sets them.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, jsonify, request

from app.vision.bundle import LEARNER, read_current_bundle
from tests.conftest import ROOT


def create_app() -> Flask:
    """The application."""
    from fastai.learner import load_learner
    from fastai.vision.core import PILImage

    import app.vision.learner  # noqa: F401  (torchvision's operators, before fastai)

    flask_app = Flask(__name__)
    learner: Any = load_learner(read_current_bundle(ROOT / "models").path / LEARNER)

    @flask_app.post("/")
    def predict() -> Any:
        image = PILImage.create(request.files["photo"].stream.read())
        with learner.no_bar(), learner.no_logging():
            label, _, probabilities = learner.predict(image)
        return jsonify(
            label=str(label), probabilities=dict(zip(learner.dls.vocab, map(float, probabilities), strict=True))
        )

    return flask_app
