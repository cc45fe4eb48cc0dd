"""What the network says of the photos of one split."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from fastai.learner import Learner
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from app.vision.card import Card
from app.vision.learner import EvidenceNetwork
from app.vision.preprocess import PreprocessSpec, fit_image, to_batch
from app.vision.scores import known_labels, neighbour_distance, probabilities
from app.vision.verdict import Verdicts, decide
from training.data import PhotoRow
from training.opening import open_again

ImageChange = Callable[[Image.Image], Image.Image]

_BATCH = 32


@dataclass(frozen=True)
class SplitOutputs:
    """For N photos of `rows`: logits (N, K), embeddings (N, D), and `neighbours` (n, D), the unit embeddings of the
    training photos of known labels. `targets` are class indices (N,), or 0 and 1 for each label (N, K) where a photo
    may have several."""

    rows: tuple[PhotoRow, ...]
    logits: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    targets: NDArray[np.int64] | NDArray[np.float32]
    neighbours: NDArray[np.float32]

    def distances(self, k: int) -> NDArray[np.float32]:
        """How far each photo is from its k nearest neighbours, (N,)."""
        return neighbour_distance(self.embeddings, self.neighbours, k)

    def verdicts(self, card: Card) -> Verdicts:
        """What the server would say."""
        return decide(card, self.logits, self.distances(card.thresholds.neighbours))

    def probabilities(self, card: Card) -> NDArray[np.float64]:
        """Calibrated probabilities (N, K)."""
        return probabilities(self.logits, card)

    @property
    def shown(self) -> NDArray[np.bool_]:
        """Which labels each photo shows, (N, K)."""
        if self.targets.ndim == 2:
            return np.asarray(self.targets > 0)
        return np.asarray(self.targets[:, None] == np.arange(self.logits.shape[1]))

    def shows_known(self, card: Card) -> NDArray[np.bool_]:
        """Which photos show a label that a verdict may name, (N,)."""
        return np.asarray(self.shown[:, known_labels(card)].any(axis=1))


def as_it_is(image: Image.Image) -> Image.Image:
    """The photo unchanged."""
    return image


def network_outputs(
    learner: Learner, rows: Sequence[PhotoRow], spec: PreprocessSpec, what: str, change: ImageChange = as_it_is
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits (N, K) and embeddings (N, D) of photos, opened, changed, and fitted as the server does.

    Raises:
        DataError: see `open_again`.
    """
    network = EvidenceNetwork(learner.model).eval()
    logits, embeddings = [], []
    for start in tqdm(range(0, len(rows), _BATCH), desc=what, unit="batch", disable=None):
        chosen = rows[start : start + _BATCH]
        images = [fit_image(change(open_again(row.path, spec)), spec) for row in chosen]
        with torch.inference_mode():
            outputs = network(torch.from_numpy(to_batch(images, spec)))
        logits.append(outputs[0].numpy())
        embeddings.append(outputs[1].numpy())
    return np.concatenate(logits), np.concatenate(embeddings)


def unit_length(embeddings: NDArray[np.float32]) -> NDArray[np.float16]:
    """Embeddings (N, D) scaled to length 1, as neighbours.npz keeps them."""
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return np.asarray(embeddings / np.maximum(norms, 1e-12), dtype=np.float16)


def split_outputs(
    learner: Learner,
    rows: Sequence[PhotoRow],
    card: Card,
    neighbours: NDArray[np.floating[Any]],
    what: str,
    change: ImageChange = as_it_is,
) -> SplitOutputs:
    """The outputs for the rows of one split."""
    logits, embeddings = network_outputs(learner, rows, card.preprocess, what, change)
    return SplitOutputs(tuple(rows), logits, embeddings, targets(rows, card), neighbours.astype(np.float32))


def targets(rows: Sequence[PhotoRow], card: Card) -> NDArray[np.int64] | NDArray[np.float32]:
    """What the photos show, as `SplitOutputs` has it."""
    if card.task == "multi_label":
        return np.array([[label in row.labels for label in card.vocab] for row in rows], dtype=np.float32)
    return np.array([card.vocab.index(row.label) for row in rows], dtype=np.int64)
