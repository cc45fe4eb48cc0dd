"""int8 is taken where it says the same and is faster, and nowhere else; what was found is kept either way."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from app.vision.bundle import NETWORK, ModelBundle
from app.vision.golden import golden_batch
from training import network_precision
from training.data import PhotoRow
from training.network_precision import LEAST_PHOTOS, Compared, compare, precision_of, with_network_precision

SAME = Compared(n_photos=LEAST_PHOTOS, largest_gap=0.0, changed_verdicts=0, time_ratio=0.5)


@pytest.mark.parametrize(
    ("found", "holds"),
    [
        (SAME, True),
        (dataclasses.replace(SAME, largest_gap=0.01), True),
        (dataclasses.replace(SAME, largest_gap=0.0101), False),
        (dataclasses.replace(SAME, largest_gap=float("nan")), False),
        (dataclasses.replace(SAME, changed_verdicts=1), False),
        (dataclasses.replace(SAME, time_ratio=0.9), True),
        (dataclasses.replace(SAME, time_ratio=0.91), False),
        (dataclasses.replace(SAME, n_photos=LEAST_PHOTOS - 1), False),
    ],
)
def test_it_holds_where_nothing_is_said_otherwise_and_it_is_faster(found: Compared, holds: bool) -> None:
    assert found.holds is holds


@pytest.fixture(scope="module")
def rows(toy_data: Path) -> list[PhotoRow]:
    few = [_row(path) for path in sorted(toy_data.rglob("*.jpg"))]
    return [few[index % len(few)] for index in range(LEAST_PHOTOS)]


def _row(path: Path) -> PhotoRow:
    return PhotoRow(path, path.parent.name, path.parent.name, path.stem, "valid")


@pytest.fixture
def copied(tiny_bundle: ModelBundle, tmp_path: Path) -> Path:
    shutil.copy(tiny_bundle.path / NETWORK, tmp_path)
    return tmp_path


@pytest.mark.slow
def test_a_network_is_as_itself(tiny_bundle: ModelBundle, copied: Path, rows: list[PhotoRow]) -> None:
    neighbours = tiny_bundle.load_neighbours()
    assert neighbours is not None
    found = compare(copied / NETWORK, copied / NETWORK, tiny_bundle.card, neighbours, rows)
    assert (found.n_photos, found.largest_gap, found.changed_verdicts) == (len(rows), 0.0, 0)


@pytest.mark.slow
def test_another_network_is_told_by_its_probabilities_and_verdicts(
    tiny_bundle: ModelBundle, copied: Path, rows: list[PhotoRow]
) -> None:
    neighbours = tiny_bundle.load_neighbours()
    assert neighbours is not None
    network = onnx.load(copied / NETWORK)
    for tensor in network.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.shape == (len(tiny_bundle.card.labels),):  # The head's bias: all photos are of the first label now.
            tensor.CopyFrom(onnx.numpy_helper.from_array(values + np.array([9, 0, 0], values.dtype), tensor.name))
    onnx.save(network, copied / "other.onnx")
    found = compare(copied / NETWORK, copied / "other.onnx", tiny_bundle.card, neighbours, rows)
    assert found.largest_gap > 0.5
    assert found.changed_verdicts > 0


@pytest.mark.slow
@pytest.mark.parametrize("holds", [True, False])
def test_what_is_kept_is_in_the_folder_and_in_the_card(
    tiny_bundle: ModelBundle, copied: Path, rows: list[PhotoRow], monkeypatch: pytest.MonkeyPatch, holds: bool
) -> None:
    neighbours, before = tiny_bundle.load_neighbours(), (copied / NETWORK).read_bytes()
    assert neighbours is not None
    found = SAME if holds else dataclasses.replace(SAME, changed_verdicts=3)
    monkeypatch.setattr(network_precision, "compare", lambda *_: found)
    card = with_network_precision(copied, tiny_bundle.card, neighbours, rows, rows)
    kept = "int8" if holds else "float32"
    assert card.precision == kept
    assert card.metrics["precision"] == {"int8": dataclasses.asdict(found)}
    assert [path.name for path in copied.iterdir()] == [NETWORK]
    operators = {node.op_type for node in onnx.load(copied / NETWORK).graph.node}
    assert ("QuantizeLinear" in operators) is holds
    assert ((copied / NETWORK).read_bytes() != before) is holds


@pytest.mark.slow
def test_on_too_few_photos_it_is_not_tried(tiny_bundle: ModelBundle, copied: Path, rows: list[PhotoRow]) -> None:
    neighbours, before = tiny_bundle.load_neighbours(), (copied / NETWORK).read_bytes()
    assert neighbours is not None
    card = with_network_precision(copied, tiny_bundle.card, neighbours, rows, rows[1:])
    why = f"int8 was not tried on {LEAST_PHOTOS - 1} validation photos"
    assert precision_of(card) == {"precision": {"int8": None, "why": why}}
    assert (copied / NETWORK).read_bytes() == before


@pytest.mark.slow
def test_a_network_that_cannot_be_quantised_stays_as_it_is(
    tiny_bundle: ModelBundle, copied: Path, rows: list[PhotoRow]
) -> None:
    neighbours, before = tiny_bundle.load_neighbours(), (copied / NETWORK).read_bytes()
    assert neighbours is not None
    card = with_network_precision(copied, tiny_bundle.card, neighbours, [], rows)
    assert card.precision == "float32"
    assert card.metrics["precision"]["why"].startswith("the network cannot be quantised: ")
    assert [path.name for path in copied.iterdir()] == [NETWORK]
    assert (copied / NETWORK).read_bytes() == before


@pytest.mark.slow
def test_a_quantised_network_still_says_much_the_same(
    tiny_bundle: ModelBundle, copied: Path, rows: list[PhotoRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbours, batch = tiny_bundle.load_neighbours(), golden_batch(tiny_bundle.card.preprocess)
    assert neighbours is not None
    monkeypatch.setattr(network_precision, "compare", lambda *_: SAME)
    with_network_precision(copied, tiny_bundle.card, neighbours, rows, rows)
    logits = [_run(path / NETWORK, batch) for path in (tiny_bundle.path, copied)]
    assert 0 < np.abs(logits[0] - logits[1]).max() < 0.5


def _run(path: Path, batch: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["logits"], {"batch": batch})[0])
