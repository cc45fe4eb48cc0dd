"""A page that is made while another model is promoted names, and tells of, the one that made it."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

from app.config import Settings
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.inference.runtime import Array, NetworkOutput
from app.vision.bundle import ModelBundle
from app.vision.card import Card
from app.vision.limits import ImageLimits
from tests.fakes import FakeRuntime
from tests.inference.test_model_slot import Shelf, another


class Overtaken(FakeRuntime):
    """Another model is promoted while this one looks at a photo."""

    slot: ModelSlot | None = None

    def run(self, batch: Array, *, with_layers: bool = False) -> NetworkOutput:
        if self.slot is not None:
            self.slot.refresh()
        return super().run(batch, with_layers=with_layers)


def test_a_page_is_of_one_model_from_its_beginning_to_its_end(
    settings: Settings, card: Card, tmp_path: Path, photo: bytes
) -> None:
    runtime = Overtaken([0.0, 1.0, 4.0])
    bundle = ModelBundle(tmp_path, dataclasses.replace(card, version="old-7"))
    shelf = Shelf(Predictor(bundle, NetworkQueue(runtime, 1, 1.0), ImageLimits(), 1.0))
    slot = ModelSlot(shelf.load, shelf.state)
    client = create_app(settings, slot).test_client()
    runtime.slot, shelf.lies = slot, another(card, tmp_path, "new-8")
    page = client.post("/", data={"photo": (io.BytesIO(photo), "a.jpg")}).get_data(as_text=True)
    assert slot.predictor.bundle.card.version == "new-8"
    assert "old-7" in page and "new-8" not in page
    assert "new-8" in client.get("/").get_data(as_text=True)
