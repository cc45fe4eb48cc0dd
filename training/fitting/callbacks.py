"""What is done at the end of an epoch, beside training."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.config import TrainConfig
from training.fitting.loaders import set_train_size
from training.fitting.phases import Phase
from training.fitting.processes import rank
from training.fitting.state import EpochRow, FitState

# isort: split
from fastai.callback.core import Callback, CancelFitException, TrainEvalCallback
from fastai.data.load import DataLoader
from fastai.torch_core import get_model

_AFTER_RECORDER = 61  # fastai's Recorder, which has the losses, is 50; its schedule and bars are 60.


class EpochCallback(Callback):
    """A callback of one phase that acts at the end of each epoch that was trained, not of those skipped on resuming."""

    order = _AFTER_RECORDER

    def after_epoch(self) -> None:
        if len(self.learn.final_record):
            self.after_trained_epoch()

    def after_trained_epoch(self) -> None:
        raise NotImplementedError


class History(EpochCallback):
    """Sets the size of the training photos before an epoch, and appends the epoch to the history after it."""

    def __init__(self, state: FitState, phase: Phase, epochs_before: int, loader: DataLoader) -> None:
        super().__init__()
        self.state, self.phase, self.epochs_before, self.loader = state, phase, epochs_before, loader

    def before_fit(self) -> None:
        if self.state.epochs:  # The phase was interrupted: its running mean goes on.
            mean = self.recorder.smooth_loss
            mean.count, mean.val = self.state.smooth_count, torch.tensor(self.state.smooth_loss)

    def before_epoch(self) -> None:
        self.size_px = self.phase.size_px(self.epoch)
        set_train_size(self.loader, self.size_px)
        self.started = time.monotonic()

    def after_trained_epoch(self) -> None:
        train_loss, valid_loss, accuracy = (float(value) for value in self.learn.final_record)
        row = EpochRow(
            epoch=self.epochs_before + self.epoch + 1,
            phase=self.phase.name,
            train_loss=train_loss,
            valid_loss=valid_loss,
            accuracy=accuracy,
            lr=float(self.opt.hypers[-1]["lr"]),
            size_px=self.size_px,
            seconds=time.monotonic() - self.started,
        )
        self.state.history.append(row)
        self.state.epochs = self.epoch + 1
        mean = self.recorder.smooth_loss
        self.state.smooth_count, self.state.smooth_loss = mean.count, float(mean.val)


class EpochLines(EpochCallback):
    """A plain line an epoch, where no terminal shows fastai's bars."""

    order = _AFTER_RECORDER + 3  # After the checkpoint: a line that is printed tells of an epoch that is kept.

    def __init__(self, state: FitState, n_epochs: int) -> None:
        super().__init__()
        self.state, self.n_epochs = state, n_epochs

    def after_trained_epoch(self) -> None:
        row = self.state.history[-1]
        left_s = (self.n_epochs - row.epoch) * row.seconds
        print(
            f"epoch {row.epoch} of {self.n_epochs}: loss {row.train_loss:.4f}, valid {row.valid_loss:.4f}, "
            f"accuracy {row.accuracy:.3f}; {row.seconds:.0f} s, about {left_s / 60:.1f} min left",
            flush=True,
        )


class KeepBest(EpochCallback):
    """Keeps the weights of the least validation loss; ends the phase after `patience` epochs without a lesser one."""

    order = _AFTER_RECORDER + 1

    def __init__(self, state: FitState, patience: int) -> None:
        super().__init__()
        self.state, self.patience = state, patience

    def before_epoch(self) -> None:
        if self.state.epochs_since_best >= self.patience:
            raise CancelFitException

    def after_trained_epoch(self) -> None:
        valid_loss = self.state.history[-1].valid_loss
        self.state.epochs_since_best += 1
        if valid_loss < self.state.best_loss:
            self.state.best_loss, self.state.epochs_since_best = valid_loss, 0
            self.state.best_model = copy_state(get_model(self.learn.model))


class NormsAtRest(Callback):
    """Batch norms go by the statistics they were pretrained with, and leave them as they are."""

    run_after = TrainEvalCallback

    def before_train(self) -> None:
        for norm in batch_norms(self.learn.model):
            norm.eval()


def batch_norms(model: nn.Module) -> list[nn.Module]:
    """Every batch norm of the network."""
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


def copy_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The model's weights as they are now, on the CPU."""
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in model.state_dict().items()}


class TensorBoard(EpochCallback):
    """The history as TensorBoard reads it."""

    def __init__(self, state: FitState, folder: Path) -> None:
        super().__init__()
        self.state, self.folder = state, folder
        self.order = _AFTER_RECORDER + 1

    def before_fit(self) -> None:
        from torch.utils.tensorboard import SummaryWriter  # Takes a second; only who asks for it pays.

        self.writer: Any = SummaryWriter(str(self.folder), purge_step=len(self.state.history) + 1)

    def after_trained_epoch(self) -> None:
        row = self.state.history[-1]
        for name in ("train_loss", "valid_loss", "accuracy", "lr", "seconds"):
            self.writer.add_scalar(name, getattr(row, name), row.epoch)

    def after_fit(self) -> None:
        self.writer.close()


def shows_bars() -> bool:
    """Whether somebody looks: fastai's bars, with the time left, need a terminal."""
    return sys.stdout.isatty()


def phase_callbacks(state: FitState, phase: Phase, config: TrainConfig, loader: DataLoader) -> list[Callback]:
    """What every phase does; `loader` gives the train photos."""
    total = config.freeze_epochs + config.epochs
    callbacks: list[Callback] = [History(state, phase, 0 if phase.head_alone else config.freeze_epochs, loader)]
    if config.patience and not phase.head_alone:
        callbacks.append(KeepBest(state, config.patience))
    if config.frozen_norms:
        callbacks.append(NormsAtRest())
    if not shows_bars() and rank() == 0:
        callbacks.append(EpochLines(state, total))
    return callbacks
