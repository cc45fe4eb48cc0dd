"""A fine-tuned learner -> learner.pkl and model.onnx, checked against each other."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from fastai.learner import Learner
from onnx import numpy_helper

from app.vision.bundle import LEARNER, NETWORK, NETWORK_OUTPUTS
from app.vision.card import Card
from app.vision.golden import golden_batch
from app.vision.learner import EvidenceNetwork, learner_logits, load_trusted_learner
from app.vision.preprocess import PreprocessSpec, fit_image, to_batch
from app.vision.scores import probabilities
from training.errors import ExportError
from training.opening import open_again

PARITY_TOLERANCE = 1e-3

_PARITY_PHOTOS = 32
_OPSET = 18


@contextmanager
def writing_to(target: Path) -> Iterator[None]:
    """What a full disk makes of writing, in words.

    Raises:
        ExportError: something could not be written.
    """
    try:
        yield
    except OSError as exc:
        raise ExportError(f"{target} cannot be written: {exc}. Is the disk full?") from exc
    except RuntimeError as exc:
        if "inline_container" not in str(exc):  # torch's own, of a file that could not be written to its end.
            raise
        raise ExportError(f"{target} cannot be written to its end. Is the disk full?") from exc


def export_learner(learner: Learner, bundle: Path) -> None:
    """Writes learner.pkl: what `fastai.learner.load_learner` reads."""
    learner.path = Path()  # It is pickled too, and is nobody's business.
    learner.export(bundle / LEARNER)


def export_network(learner: Learner, spec: PreprocessSpec, bundle: Path) -> None:
    """Writes model.onnx: float32 arithmetic over weights kept in float16 (exact: see `fit.round_to_float16`)."""
    path = bundle / NETWORK
    example = torch.zeros(2, 3, spec.size_px, spec.size_px)
    with warnings.catch_warnings():
        # The TorchScript exporter is deprecated, and keeps batch norms as they are: folded into the convolutions,
        # their weights would no longer be those that float16 holds.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            EvidenceNetwork(learner.model).eval(),
            (example,),
            str(path),
            input_names=["batch"],
            output_names=list(NETWORK_OUTPUTS),
            dynamic_axes={name: {0: "n"} for name in ("batch", *NETWORK_OUTPUTS)},
            opset_version=_OPSET,
            do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            dynamo=False,
        )
    network = onnx.load(path)
    _keep_weights_in_float16(network)
    onnx.checker.check_model(network, full_check=True)
    onnx.save(network, path)


def _keep_weights_in_float16(network: onnx.ModelProto) -> None:
    """Each float32 matrix or kernel that float16 holds exactly is stored so, with a Cast in front of its use."""
    graph = network.graph
    casts = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        halves = values.astype(np.float16)
        if values.dtype != np.float32 or values.ndim < 2 or not np.array_equal(halves.astype(np.float32), values):
            continue
        stored = f"{tensor.name}.float16"
        casts.append(onnx.helper.make_node("Cast", [stored], [tensor.name], to=onnx.TensorProto.FLOAT))
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(halves, stored))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def with_golden(card: Card, bundle: Path) -> Card:
    """The card with the logits that model.onnx gives for the golden picture."""
    session = onnxruntime.InferenceSession(str(bundle / NETWORK), providers=["CPUExecutionProvider"])
    logits = session.run(["logits"], {"batch": golden_batch(card.preprocess)})[0]
    return dataclasses.replace(card, golden=tuple(float(value) for value in logits[0]))


def ensure_parity(bundle: Path, card: Card, photos: Sequence[Path]) -> None:
    """Reloads both files and compares their probabilities on photos.

    Raises:
        ExportError: they differ by more than 1e-3 for some photo and label.
    """
    chosen = list(photos)[:_PARITY_PHOTOS]
    spec = card.preprocess
    learner = load_trusted_learner(bundle / LEARNER)
    session = onnxruntime.InferenceSession(str(bundle / NETWORK), providers=["CPUExecutionProvider"])
    images = [fit_image(open_again(path, spec), spec) for path in chosen]
    logits = session.run(["logits"], {"batch": to_batch(images, spec)})[0]
    gap = np.abs(probabilities(logits, card) - probabilities(learner_logits(learner, chosen), card)).max()
    if not gap <= PARITY_TOLERANCE:
        raise ExportError(f"{NETWORK} and {LEARNER} differ by {gap:.1e} in probability, {PARITY_TOLERANCE} is allowed.")
