"""What a bundle's network says of photos: model.onnx on every core, in processes that a photo may bring down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tqdm import tqdm

from app.errors import BundleDamagedError, PhotoError
from app.vision.bundle import NETWORK, ModelBundle
from app.vision.image_io import open_image
from app.vision.limits import ImageLimits
from app.vision.preprocess import PreprocessSpec, fit_image, to_batch
from training.check.findings import CheckedPhoto
from training.check.processes import results_in_order

_Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Looked:
    """For N photos: logits (N, K) and embeddings (N, D), float32."""

    photos: tuple[CheckedPhoto, ...]
    logits: NDArray[np.float32]
    embeddings: NDArray[np.float32]


def ensure_network(bundle: ModelBundle) -> Path:
    """The bundle's network, which is the card's and loads.

    Raises:
        BundleMissingError, BundleDamagedError: it is not.
    """
    path = bundle.verified_file(NETWORK)
    try:
        _session(path)
    except Exception as exc:  # onnxruntime's own errors share no base but Exception.
        raise BundleDamagedError(f"{NETWORK} of bundle {bundle.path.name} cannot be loaded: {exc}") from exc
    return path


def look_at(
    photos: Sequence[CheckedPhoto], bundle: ModelBundle, *, n_workers: int, max_read_s: float, limits: ImageLimits
) -> Looked:
    """The outputs for the photos, with a progress bar; one that ends its process or takes too long is left out.

    Raises:
        BundleMissingError, BundleDamagedError: see `ensure_network`.
    """
    work = partial(_outputs_of, ensure_network(bundle), bundle.card.preprocess, limits)
    results = results_in_order(work, [photo.path for photo in photos], n_workers=n_workers, max_item_s=max_read_s)
    bar = tqdm(zip(photos, results, strict=True), total=len(photos), desc="look", unit="photo", disable=None)
    seen = [(photo, outputs) for photo, outputs in bar if outputs is not None]
    if not seen:
        return Looked((), np.empty((0, len(bundle.card.labels)), np.float32), np.empty((0, 0), np.float32))
    logits, embeddings = (np.stack([outputs[index] for _, outputs in seen]) for index in (0, 1))
    return Looked(tuple(photo for photo, _ in seen), logits, embeddings)


def _outputs_of(network: Path, spec: PreprocessSpec, limits: ImageLimits, path: Path) -> _Outputs | None:
    """Logits (K,) and embedding (D,) of one photo; None where it cannot be opened any more."""
    try:
        image = open_image(path, limits=limits, decode_px=spec.decode_px)
    except (PhotoError, OSError, MemoryError):
        return None
    logits, embedding = _session(network).run(
        ["logits", "embedding"], {"batch": to_batch([fit_image(image, spec)], spec)}
    )
    return logits[0], embedding[0]


@lru_cache(maxsize=1)
def _session(network: Path) -> Any:
    """The network, once in each process; one thread, for every core has a process."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
