"""Training in several processes, on several GPUs or machines or, slowly, on CPUs.

accelerate launch --multi_gpu --num_processes 4 -m training train …        four GPUs; without any, four CPU processes
accelerate launch --multi_gpu --num_processes 8 --num_machines 2 --machine_rank R --main_process_ip … -m training …

`accelerate launch --cpu` starts one process, however many are asked for (accelerate 1.15 wants MPI for more).

Each process trains on its part of every step's photos and averages gradients with the others. What is common, the main
process (rank 0) does and tells the others: reading and splitting the photos, and writing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from accelerate import PartialState
from torch import distributed

from app.errors import WhichParkError

# isort: split
from fastai.distributed import DistributedDL, DistributedTrainer
from fastai.learner import Learner

T = TypeVar("T")


def n_processes() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Which of them this is; 0 is the main one, which writes."""
    return int(os.environ.get("RANK", "0"))


@contextmanager
def process_group() -> Iterator[bool]:
    """The processes together; gives whether this is the main one. Afterwards it is alone, and only it should go on."""
    if n_processes() < 2:
        yield True
        return
    PartialState(cpu=not torch.cuda.is_available())
    try:
        yield rank() == 0
    finally:
        distributed.destroy_process_group()
        for name in ("RANK", "WORLD_SIZE"):  # fastai reads them, and would wait for processes that have left.
            del os.environ[name]


def from_main(make: Callable[[], T]) -> T:
    """What `make` gives in the main process, in every process; what it raises, too.

    Raises:
        WhichParkError: whatever `make` raises of them.
    """
    if n_processes() < 2:
        return make()
    box: list[Any] = [None]
    if rank() == 0:
        try:
            box = [make()]
        except WhichParkError as error:
            box = [error]
    distributed.broadcast_object_list(box, src=0)
    if isinstance(box[0], WhichParkError):
        raise box[0]
    return box[0]  # type: ignore[no-any-return]


def from_all(value: T) -> list[T]:
    """The value of every process, by rank."""
    if n_processes() < 2:
        return [value]
    values: list[Any] = [None] * n_processes()
    distributed.all_gather_object(values, value)
    return values


class GroupLoader(DistributedDL):
    """fastai's loader of each process's part, which knows CUDA alone, on any device."""

    def _broadcast(self, t: list[int], rank: int) -> list[int]:
        indices = torch.tensor(t, device=self.device)
        distributed.broadcast(indices, rank)
        return [int(index) for index in indices]


class GroupTrainer(DistributedTrainer):
    """What fastai's `distrib_ctx` adds to a learner, on any device.

    Batch norms stay as they are (`sync_bn` is for CUDA, and what is exported is to be the same network): each process
    normalises by its own photos, the running statistics are the main process's.
    """

    def __init__(self) -> None:
        super().__init__(sync_bn=False, cpu=not torch.cuda.is_available())

    def _wrap_dl(self, dl: Any) -> GroupLoader:
        return dl if isinstance(dl, GroupLoader) else GroupLoader(dl, device=self.learn.model.device)


@contextmanager
def trained_together(learner: Learner) -> Iterator[None]:
    """Whatever the learner fits, it fits together with the other processes, if there are any."""
    if n_processes() < 2:
        yield
        return
    with learner.added_cbs(GroupTrainer()):
        yield
