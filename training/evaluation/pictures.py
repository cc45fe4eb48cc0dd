"""Mistakes to look at: each photo, and beside it what spoke for the label it was taken for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from fastai.learner import Learner

from app.vision.bundle import NETWORK_OUTPUTS
from app.vision.card import Card
from app.vision.evidence import heat_map, jpeg_data_uri, png_data_uri
from app.vision.learner import EvidenceNetwork
from app.vision.preprocess import fit_image, to_batch
from training.evaluation.mistakes import Mistake
from training.opening import open_again
from training.report import Picture

_SIDE_PX = 448


def picture_mistakes(learner: Learner, card: Card, mistakes: Sequence[Mistake]) -> list[Picture]:
    """Each mistake as the metrics have it, with its photo and its heat map as data URIs."""
    network = EvidenceNetwork(learner.model).eval()
    return [_picture(network, card, mistake) for mistake in mistakes]


def _picture(network: EvidenceNetwork, card: Card, mistake: Mistake) -> Picture:
    image = open_again(mistake.row.path, card.preprocess)
    batch = to_batch([fit_image(image, card.preprocess)], card.preprocess)
    with torch.inference_mode():
        outputs = network(torch.from_numpy(batch))
    evidence = outputs[NETWORK_OUTPUTS.index("evidence")][0].numpy()
    told = mistake.said[0] if mistake.said else int(np.argmax(mistake.probabilities))
    overlay = heat_map(evidence, told, image.size, card.task)
    return mistake.to_json(card), {"photo": jpeg_data_uri(image, _SIDE_PX), "heat_map": png_data_uri(overlay)}
