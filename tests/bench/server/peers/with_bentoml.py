"""model.onnx behind BentoML. `bentoml serve with_bentoml:Parks`, in an environment of its own (see the Makefile)."""

from __future__ import annotations

from typing import Any

import bentoml
from PIL.Image import Image
from plain import load_session, look_at_image


@bentoml.service
class Parks:
    """One photo a request."""

    def __init__(self) -> None:
        self.session = load_session()

    @bentoml.api  # type: ignore[untyped-decorator]
    def predict(self, photo: Image) -> dict[str, Any]:
        return {"probabilities": look_at_image(self.session, photo)}
