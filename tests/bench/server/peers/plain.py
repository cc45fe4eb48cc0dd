"""What the peers do with a photo: Pillow and ONNX Runtime as their manuals show them, and nothing of `app`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

MODELS = Path(__file__).resolve().parents[4] / "models"
MEAN, STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)


def load_session() -> Any:
    """The promoted bundle's network."""
    name = (MODELS / "CURRENT").read_text().strip()
    return onnxruntime.InferenceSession(str(MODELS / name / "model.onnx"), providers=["CPUExecutionProvider"])


def look(session: Any, file: Any) -> list[float]:
    """Probabilities for the photo in a file."""
    return look_at_image(session, Image.open(file))


def look_at_image(session: Any, image: Image.Image) -> list[float]:
    """Probabilities for an image, at the side that the network was exported with."""
    side = session.get_inputs()[0].shape[2]
    pixels = np.asarray(image.convert("RGB").resize((side, side)), np.float32) / 255
    batch = np.ascontiguousarray(((pixels - MEAN) / STD).transpose(2, 0, 1)[None])
    (logits,) = session.run(["logits"], {"batch": batch})
    powers = np.exp(logits[0] - logits[0].max())
    return [float(value) for value in powers / powers.sum()]
