"""A network on CUDA, recorded once for each size of batch and played back: CUDA graphs.

Run as it is, a network lets cuDNN plan each convolution anew for each thread and each size of batch: on an H200 eight
threads of a process then came to 2 photos a second. And Python takes longer to ask for the kernels than the device to
run them: a photo alone took 4.2 ms, recorded 0.8 ms (EfficientNet-Lite0, 288 px, float16).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from app.inference.runtime import Array
from app.vision.bundle import HEAD_OUTPUTS, NETWORK_OUTPUTS
from app.vision.learner import EvidenceNetwork

_log = logging.getLogger(__name__)

_N_WARM_UP = 3

Outputs = list[torch.Tensor]
Work = Callable[[], Outputs]


@dataclass(frozen=True)
class _Recorded:
    """What was recorded for a batch: `play` fills and gives the same outputs each time, for what is in `photos`."""

    photos: torch.Tensor
    play: Work

    @property
    def size(self) -> int:
        """Photos in a batch."""
        return len(self.photos)


class RecordedNetwork:
    """A network for batches of 1, 2, 4 … `max_batch` photos; one of another size is filled up to the next of these.

    Recording takes all the memory that playing needs, so a device that has too little shows here: `max_batch` is then
    what there is room for. The layers are recorded for a photo alone, since few ask for them.

    Thread safety: `_lock` guards what is written between a photo's coming and its outputs' leaving, for all sizes.
    """

    def __init__(self, network: EvidenceNetwork, side_px: int, max_batch: int, record: Callable[[Work], Work]) -> None:
        """Records.

        Args:
            record: runs work that reads and writes the same tensors each time, and gives what does so again.
        Raises:
            torch.OutOfMemoryError: the device has no memory for one photo.
        """
        self._network, self._side_px, self._record = network, side_px, record
        self._lock = threading.Lock()
        self._whole = self._recorded(1, len(NETWORK_OUTPUTS))
        self._heads = [self._recorded(1, len(HEAD_OUTPUTS))]
        try:
            for size in sizes_up_to(max_batch)[1:]:
                self._heads.append(self._recorded(size, len(HEAD_OUTPUTS)))
        except torch.OutOfMemoryError:
            _log.warning("the device has memory for %d photos at once, %d were wanted", self.max_batch, max_batch)

    @property
    def max_batch(self) -> int:
        """Photos that it takes together."""
        return self._heads[-1].size

    def heads(self, batch: Array) -> list[Array]:
        """`HEAD_OUTPUTS` for a batch, float32 (N, 3, H, W), N up to `max_batch`."""
        return self._played(next(recorded for recorded in self._heads if recorded.size >= len(batch)), batch)

    def everything(self, batch: Array) -> list[Array]:
        """`NETWORK_OUTPUTS` for a batch, float32 (N, 3, H, W): one photo after the other."""
        photos = [self._played(self._whole, batch[index : index + 1]) for index in range(len(batch))]
        return [np.concatenate(parts) for parts in zip(*photos, strict=True)]

    def _played(self, recorded: _Recorded, batch: Array) -> list[Array]:
        n = len(batch)
        with self._lock, torch.inference_mode():
            recorded.photos[:n].copy_(torch.from_numpy(batch))
            return [output[:n].cpu().numpy() for output in recorded.play()]

    def _recorded(self, size: int, n_outputs: int) -> _Recorded:
        weight = next(self._network.parameters())
        photos = torch.zeros(size, 3, self._side_px, self._side_px, device=weight.device)

        def work() -> Outputs:
            batch = photos.to(weight.dtype, memory_format=torch.channels_last)
            return [output.float() for output in self._network(batch)[:n_outputs]]

        with torch.inference_mode():
            return _Recorded(photos, self._record(work))


def sizes_up_to(max_batch: int) -> list[int]:
    """1, 2, 4 … and `max_batch`."""
    return [*(2**power for power in range((max_batch - 1).bit_length())), max_batch]


def record_on_cuda() -> Callable[[Work], Work]:
    """A recorder of CUDA graphs. What they need in between lies in memory that they share: one plays at a time.

    Source: PyTorch's notes on CUDA graphs: work runs a few times on a stream of its own before it is recorded.
    """
    pool = torch.cuda.graph_pool_handle()
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]

    def record(work: Work) -> Work:
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_N_WARM_UP):
                work()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        # Other threads may look at photos meanwhile, with the network that is served.
        with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
            outputs = work()

        def play() -> Outputs:
            graph.replay()
            return outputs

        return play

    return record
