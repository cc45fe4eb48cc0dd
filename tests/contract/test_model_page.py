"""The model page of every bundle shows what its card holds."""

from __future__ import annotations

from app.config import Settings
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.vision.bundle import ModelBundle
from app.vision.limits import ImageLimits
from tests.fakes import FakeRuntime
from tests.web.page_reader import Page

MAX_PAGE_BYTES = 60_000


def test_the_page_of_a_trained_bundle_shows_its_figures(bundle: ModelBundle) -> None:
    card = bundle.card
    runtime = FakeRuntime(list(card.golden or [0.0] * len(card.labels)))
    slot = ModelSlot(lambda: Predictor(bundle, NetworkQueue(runtime, 1, 1.0), ImageLimits(), 1.0))
    answer = create_app(Settings(), slot).test_client().get("/model")
    page = Page(answer)
    assert answer.status_code == 200
    assert len(answer.data) <= MAX_PAGE_BYTES
    assert f"Measured on {card.metrics['n_photos']} test photos of {card.metrics['n_sources']} sources" in page.text
    assert str(card.training["command"]) in page.text
    for title in (
        "What it takes for what",
        "Does it know how sure it is?",
        "Where it fails",
        "Pictures of something else",
    ):
        assert title in page.texts
