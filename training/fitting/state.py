"""Where a fit stands."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True)
class EpochRow:
    """One epoch, as the history has it; `epoch` counts from 1 over all phases."""

    epoch: int
    phase: str
    train_loss: float
    valid_loss: float
    accuracy: float
    lr: float
    size_px: int
    seconds: float


@dataclass
class FitState:
    """What a fit must know to go on, beside the weights of the network and of its optimizer.

    Owned by `fit`. Its callbacks write it at the end of an epoch, in this order: `History` the history and `epochs`,
    `KeepBest` the best, and then `Checkpoints` reads all of it.
    """

    lr: float
    phase: int = 0
    """The index of the phase under way."""
    epochs: int = 0
    """How many epochs of that phase are done."""
    smooth_count: int = 0
    """How many losses are in fastai's running mean of the training loss, which is the history's."""
    smooth_loss: float = 0.0
    history: list[EpochRow] = field(default_factory=list)
    start_model: dict[str, torch.Tensor] | None = None
    """The weights that the body began to learn from; kept only where their mean with the trained ones is wanted."""
    best_loss: float = math.inf
    best_model: dict[str, torch.Tensor] | None = None
    epochs_since_best: int = 0
