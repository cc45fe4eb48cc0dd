"""Fine-tuning: a pretrained body and one linear layer, the head first, then all of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import ExitStack

import torch

from app.vision.learner import make_export_learner
from training.config import TrainConfig
from training.data import PhotoRow
from training.fitting.callbacks import TensorBoard, batch_norms, copy_state, phase_callbacks, shows_bars
from training.fitting.checkpoint import Checkpoint, Checkpoints, read_checkpoint
from training.fitting.history import HistoryFiles, plot_history
from training.fitting.loaders import make_dataloaders
from training.fitting.network import make_learner, make_model, mean_weights, round_to_float16
from training.fitting.phases import Phase, make_phases
from training.fitting.processes import rank, trained_together
from training.fitting.rate import find_lr
from training.fitting.state import FitState
from training.run_folder import RunFolder

# isort: split
from fastai.callback.core import Callback
from fastai.learner import Learner
from fastai.torch_core import get_model, set_seed

__all__ = ["fit", "make_dataloaders", "make_learner", "make_model", "round_to_float16", "seed_everything"]


def fit(
    rows: Sequence[PhotoRow], vocab: Sequence[str], config: TrainConfig, folder: RunFolder | None = None
) -> Learner:
    """A network fine-tuned on the train rows: head alone, then everything, the body at a lower rate (one cycle each).

    Returned in the learner that is exported: it knows how a photo is opened and fitted, and nothing of this run's data.
    What it leaves to look at, or to go on from, is in the run's folder, if there is one.

    A folder with a checkpoint is gone on with: the result is the one of a run that was not interrupted.

    Raises:
        ConfigError: this machine cannot do what was chosen.
        RunError: the checkpoint cannot be read or written.
    """
    seed_everything(
        config.seed + rank()
    )  # The processes shall not augment alike; they start from the main one's weights.
    dls = make_dataloaders(rows, vocab, config)
    learner = make_learner(dls, config, vocab)
    with trained_together(learner):
        state = _train(learner, config, folder)
    if state.best_model is not None:
        learner.model.load_state_dict(state.best_model)
    if state.start_model is not None:
        learner.model.load_state_dict(mean_weights(state.start_model, copy_state(learner.model), config.start_share))
    if folder is not None and state.history and rank() == 0:
        plot_history(state.history, folder.path)
    model = learner.model.cpu().to(memory_format=torch.contiguous_format)
    round_to_float16(model)
    return make_export_learner(model, vocab, config.preprocess, config.task)


def _train(learner: Learner, config: TrainConfig, folder: RunFolder | None) -> FitState:
    checkpoint = read_checkpoint(folder.path) if folder else None
    state = checkpoint.restore(learner, learner.dls.train) if checkpoint else _first_state(learner, config, folder)
    if checkpoint and rank() == 0:
        print(f"going on after epoch {len(state.history)}, from {folder.path if folder else ''}", flush=True)
    with ExitStack() as quiet:
        if not shows_bars() or rank() != 0:
            quiet.enter_context(learner.no_bar())
            quiet.enter_context(learner.no_logging())
        for index, phase in enumerate(make_phases(config, state.lr)):
            if index > state.phase:
                state.phase, state.epochs = index, 0
            if index == state.phase and not _is_over(phase, state, config):
                callbacks = [*phase_callbacks(state, phase, config, learner.dls.train), *_kept(state, learner, folder)]
                if config.start_share and not (phase.head_alone or state.epochs):
                    state.start_model = copy_state(get_model(learner.model))
                _set_what_learns(learner, phase, config)
                _train_phase(learner, phase, state.epochs, checkpoint, callbacks)
    return state


def _first_state(learner: Learner, config: TrainConfig, folder: RunFolder | None) -> FitState:
    if not config.find_lr:
        return FitState(lr=config.lr)
    lr = find_lr(learner, folder.path if folder else None)
    seed_everything(config.seed)
    return FitState(lr=lr)


def _is_over(phase: Phase, state: FitState, config: TrainConfig) -> bool:
    impatient = bool(config.patience) and state.epochs_since_best >= config.patience
    return state.epochs >= phase.epochs or impatient


def _set_what_learns(learner: Learner, phase: Phase, config: TrainConfig) -> None:
    if phase.head_alone:
        learner.freeze()
    else:
        learner.unfreeze()
    if config.frozen_norms:
        for norm in batch_norms(learner.model):
            norm.requires_grad_(False)


def _train_phase(
    learner: Learner, phase: Phase, start: int, checkpoint: Checkpoint | None, callbacks: Sequence[Callback]
) -> None:
    """The epochs of a phase from `start`; if that is not 0, it is the phase of the checkpoint that goes on."""
    if start and checkpoint:
        checkpoint.restore_optimizer(learner)
    learner.fit_one_cycle(
        phase.epochs, phase.lr, pct_start=phase.pct_start, div=phase.div, cbs=callbacks, start_epoch=start
    )


def _kept(state: FitState, learner: Learner, folder: RunFolder | None) -> list[Callback]:
    """What leaves something in the run's folder."""
    if folder is None:
        return []
    checkpoints = Checkpoints(state, learner.dls.train, folder.path)
    if rank() != 0:
        return [checkpoints]  # It gathers from every process what the main one writes.
    boards = [TensorBoard(state, folder.path / "tensorboard")] if folder.tensorboard else []
    return [HistoryFiles(state, folder.path), *boards, checkpoints]


def seed_everything(seed: int) -> None:
    set_seed(seed, reproducible=True)
    random.seed(seed)
