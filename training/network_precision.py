"""The arithmetic of model.onnx: int8 where it is faster and says the same of real photos, else float32.

int8 here is ONNX Runtime's static quantisation (QDQ, weights by channel), its ranges taken from training photos. Its
weights have 7 bits: with 8 a processor without VNNI overflows the 16 bits it adds in, and says other things than one
that has it (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html). What was found stays in the
card, `metrics.precision`, whichever is kept. bfloat16 is not tried: ONNX Runtime has no convolution in it on a CPU.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from tqdm import tqdm

from app.vision.bundle import NETWORK
from app.vision.card import Card, Precision
from app.vision.golden import INT8_TOLERANCE, golden_batch
from app.vision.preprocess import PreprocessSpec, fit_image, to_batch
from app.vision.scores import neighbour_distance, probabilities
from app.vision.verdict import Verdicts, decide
from training.data import PhotoRow
from training.opening import open_again

Embeddings = NDArray[np.floating[Any]]

# Faster by less is not worth another arithmetic.
MOST_TIME = 0.9
# Fewer prove nothing; more take long, and prove little more.
LEAST_PHOTOS, _MOST_PHOTOS = 50, 500

_CALIBRATION_PHOTOS = 100
_TIMED_RUNS = 15
_OUTPUTS = ["logits", "embedding"]


@dataclasses.dataclass(frozen=True)
class Compared:
    """A network beside float32 on the same N photos: the largest difference in a probability, how many verdicts are
    others, and its time as a share of float32's.
    """

    n_photos: int
    largest_gap: float
    changed_verdicts: int
    time_ratio: float

    @property
    def holds(self) -> bool:
        """Whether it may stand in for float32."""
        is_same = self.changed_verdicts == 0 and self.largest_gap <= INT8_TOLERANCE
        return self.n_photos >= LEAST_PHOTOS and is_same and self.time_ratio <= MOST_TIME


def with_network_precision(
    bundle: Path, card: Card, neighbours: Embeddings, train: Sequence[PhotoRow], valid: Sequence[PhotoRow]
) -> Card:
    """The card with the precision of model.onnx, which becomes int8 if that holds on the validation photos.

    Where there are too few of them, or the network cannot be quantised, it stays as it is, and the card says so.

    Args:
        card: calibrated, for it is verdicts that are compared.
    """
    if len(valid) < LEAST_PHOTOS:
        return _noted(card, "float32", why=f"int8 was not tried on {len(valid)} validation photos")
    network, int8 = bundle / NETWORK, bundle / f"{NETWORK}.int8"
    try:
        _quantise(network, int8, card.preprocess, _spread(train, _CALIBRATION_PHOTOS))
        compared = compare(network, int8, card, neighbours, _spread(valid, _MOST_PHOTOS))
        if compared.holds:
            int8.replace(network)
    except OSError:
        raise
    except Exception as exc:  # What ONNX Runtime cannot do, which shares no base but Exception, ends no export.
        return _noted(card, "float32", why=f"the network cannot be quantised: {' '.join(str(exc).split())[:200]}")
    finally:
        int8.unlink(missing_ok=True)
    return _noted(card, "int8" if compared.holds else "float32", int8=dataclasses.asdict(compared))


def _noted(card: Card, kept: Precision, **found: Any) -> Card:
    return dataclasses.replace(card, precision=kept, metrics={**card.metrics, "precision": {"int8": None, **found}})


def precision_of(card: Card) -> dict[str, Any]:
    """What a card says of its precision, as a part of its metrics."""
    return {key: value for key, value in card.metrics.items() if key == "precision"}


def _quantise(network: Path, int8: Path, spec: PreprocessSpec, rows: Sequence[PhotoRow]) -> None:
    prepared = int8.with_suffix(".prepared")
    try:
        quant_pre_process(network, prepared, skip_symbolic_shape=True)  # Batch norms become part of convolutions.
        quantize_static(
            prepared,
            int8,
            _Photos(_batches(rows, spec, "int8: ranges")),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    finally:
        prepared.unlink(missing_ok=True)


class _Photos(CalibrationDataReader):
    def __init__(self, batches: Iterator[NDArray[np.float32]]) -> None:
        self._batches = batches

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next photo as the network's input; None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {"batch": batch}


def compare(float32: Path, int8: Path, card: Card, neighbours: Embeddings, rows: Sequence[PhotoRow]) -> Compared:
    """Both networks on these photos, one at a time, on one thread.

    Probabilities also of the golden picture, since a server compares those with the card's.
    """
    sessions, golden = [_session(path) for path in (float32, int8)], golden_batch(card.preprocess)
    outputs: list[list[list[NDArray[np.float32]]]] = [[], []]
    for batch in (golden, *_batches(rows, card.preprocess, "int8: compare")):
        for session, found in zip(sessions, outputs, strict=True):
            found.append(session.run(_OUTPUTS, {"batch": batch}))
    values, verdicts = [], []
    for found in outputs:
        logits, embeddings = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        values.append(probabilities(logits, card))
        distances = neighbour_distance(embeddings, neighbours, card.thresholds.neighbours)
        verdicts.append(decide(card, logits, distances))
    gap = float(np.abs(values[0] - values[1]).max())
    return Compared(len(rows), gap, _n_changed(*verdicts), _time_ratio(sessions, golden))


def _n_changed(one: Verdicts, other: Verdicts) -> int:
    """Of how many photos another thing is said; the first is the golden picture, which is none."""
    changed = (one.named != other.named).any(axis=1) | (one.unknown != other.unknown)
    return int(changed[1:].sum())


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # As the server has it.
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _time_ratio(sessions: Sequence[onnxruntime.InferenceSession], batch: NDArray[np.float32]) -> float:
    """The second's time for a photo as a share of the first's: medians, in turn, so that both meet the same machine."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(_TIMED_RUNS):
        for session, taken in zip(sessions, times, strict=True):
            began = time.perf_counter()
            session.run(None, {"batch": batch})
            taken.append(time.perf_counter() - began)
    return statistics.median(times[1]) / statistics.median(times[0])


def _batches(rows: Sequence[PhotoRow], spec: PreprocessSpec, what: str) -> Iterator[NDArray[np.float32]]:
    for row in tqdm(rows, desc=what, unit="photo", disable=None):
        yield to_batch([fit_image(open_again(row.path, spec), spec)], spec)


def _spread(rows: Sequence[PhotoRow], n_most: int) -> Sequence[PhotoRow]:
    """At most so many, evenly from the whole list, which goes label by label."""
    return rows[:: max(1, -(-len(rows) // n_most))]
