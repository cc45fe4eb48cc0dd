"""Sizes, filling up and the want of memory. There is no CUDA here: what is "recorded" is run again each time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from app.inference.recorded_network import RecordedNetwork, Work, sizes_up_to
from app.inference.runtime import Array
from app.vision.bundle import ModelBundle
from app.vision.learner import EvidenceNetwork, load_verified_learner

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def network(tiny_bundle: ModelBundle) -> EvidenceNetwork:
    return EvidenceNetwork(load_verified_learner(tiny_bundle).model).eval()


@pytest.fixture(scope="module")
def side_px(tiny_bundle: ModelBundle) -> int:
    return tiny_bundle.card.preprocess.size_px


class Recorder:
    """Notes the sizes it records and plays, and has no memory for more than `room` photos."""

    def __init__(self, room: int = 1_000) -> None:
        self.room = room
        self.recorded: list[int] = []
        self.played: list[int] = []

    def __call__(self, work: Work) -> Work:
        size = len(work()[0])
        if size > self.room:
            raise torch.OutOfMemoryError
        self.recorded.append(size)

        def play() -> list[torch.Tensor]:
            self.played.append(size)
            return work()

        return play


def photos(n: int, side_px: int) -> Array:
    return np.random.default_rng(n).standard_normal((n, 3, side_px, side_px), np.float32)


def exact(network: EvidenceNetwork, batch: Array) -> list[Array]:
    with torch.inference_mode():
        return [output.numpy() for output in network(torch.from_numpy(batch))]


def test_sizes_double_up_to_the_largest() -> None:
    assert [sizes_up_to(n) for n in (1, 2, 3, 8, 24)] == [[1], [1, 2], [1, 2, 3], [1, 2, 4, 8], [1, 2, 4, 8, 16, 24]]


def test_a_batch_takes_the_next_size_and_gets_its_own_photos_back(network: EvidenceNetwork, side_px: int) -> None:
    recorder = Recorder()
    recorded = RecordedNetwork(network, side_px, 8, recorder)
    assert (recorded.max_batch, recorder.recorded) == (8, [1, 1, 2, 4, 8])  # A lone photo with its layers, too.
    for n in (8, 3, 1, 5, 2):  # What a larger batch has left in the input is nobody's.
        batch = photos(n, side_px)
        found = recorded.heads(batch)
        assert len(found) == 3
        for mine, expected in zip(found, exact(network, batch), strict=False):
            np.testing.assert_allclose(mine, expected, atol=1e-4)
    assert recorder.played == [8, 4, 1, 8, 2]


def test_layers_are_given_photo_by_photo(network: EvidenceNetwork, side_px: int) -> None:
    recorder = Recorder()
    recorded = RecordedNetwork(network, side_px, 4, recorder)
    batch = photos(3, side_px)
    for mine, expected in zip(recorded.everything(batch), exact(network, batch), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-4)
    assert recorder.played == [1, 1, 1]


def test_a_device_with_little_memory_takes_fewer_photos_and_says_so(
    network: EvidenceNetwork, side_px: int, caplog: pytest.LogCaptureFixture
) -> None:
    recorded = RecordedNetwork(network, side_px, 32, Recorder(room=5))
    assert recorded.max_batch == 4
    assert "memory for 4 photos at once, 32 were wanted" in caplog.text
    assert recorded.heads(photos(4, side_px))[0].shape[0] == 4


def test_a_device_without_memory_for_one_photo_is_an_error(network: EvidenceNetwork, side_px: int) -> None:
    with pytest.raises(torch.OutOfMemoryError):
        RecordedNetwork(network, side_px, 32, Recorder(room=0))


def test_several_threads_do_not_mix_their_photos(network: EvidenceNetwork, side_px: int) -> None:
    recorded = RecordedNetwork(network, side_px, 4, Recorder())
    batches = [photos(n, side_px) for n in (1, 2, 3, 4)]
    expected = [exact(network, batch)[0] for batch in batches]
    together = threading.Barrier(len(batches))

    def look(index: int) -> Array:
        together.wait(30)
        return recorded.heads(batches[index])[0]

    with ThreadPoolExecutor(len(batches)) as pool:
        for mine, right in zip(pool.map(look, range(len(batches))), expected, strict=True):
            np.testing.assert_allclose(mine, right, atol=1e-4)
