"""Fine-tuning: a pretrained ResNet body and one linear layer, the head first, then all of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import ExitStack

import torch

from app.vision.learner import make_export_learner
from training.config import TrainConfig
from training.data import PhotoRow
from training.fitting.callbacks import TensorBoard, phase_callbacks, shows_bars
from training.fitting.history import HistoryFiles, plot_history
from training.fitting.loaders import make_dataloaders
from training.fitting.network import make_learner, make_model, round_to_float16
from training.fitting.phases import Phase, make_phases
from training.fitting.rate import find_lr
from training.fitting.state import FitState
from training.run_folder import RunFolder

# isort: split
from fastai.callback.core import Callback
from fastai.learner import Learner
from fastai.torch_core import set_seed

__all__ = ["fit", "make_dataloaders", "make_learner", "make_model", "round_to_float16", "seed_everything"]


def fit(
    rows: Sequence[PhotoRow], vocab: Sequence[str], config: TrainConfig, folder: RunFolder | None = None
) -> Learner:
    """A network fine-tuned on the train rows: head alone, then everything, the body at a lower rate (one cycle each).

    Returned in the learner that is exported: it knows how a photo is opened and fitted, and nothing of this run's data.
    What it leaves to look at, or to go on from, is in the run's folder, if there is one.

    Raises:
        ConfigError: this machine cannot do what was chosen.
    """
    seed_everything(config.seed)
    dls = make_dataloaders(rows, vocab, config)
    learner = make_learner(dls, config, len(vocab))
    state = _train(learner, config, folder)
    if state.best_model is not None:
        learner.model.load_state_dict(state.best_model)
    if folder is not None and state.history:
        plot_history(state.history, folder.path)
    model = learner.model.cpu().to(memory_format=torch.contiguous_format)
    round_to_float16(model)
    return make_export_learner(model, vocab, config.preprocess, config.task)


def _train(learner: Learner, config: TrainConfig, folder: RunFolder | None) -> FitState:
    state = FitState(lr=config.lr)
    if config.find_lr:
        state.lr = find_lr(learner, folder.path if folder else None)
        seed_everything(config.seed)
    with ExitStack() as quiet:
        if not shows_bars():
            quiet.enter_context(learner.no_bar())
            quiet.enter_context(learner.no_logging())
        for index, phase in enumerate(make_phases(config, state.lr)):
            if phase.epochs:
                state.phase, state.epochs = index, 0
                _train_phase(learner, phase, [*phase_callbacks(state, phase, config), *_kept(state, folder)])
    return state


def _train_phase(learner: Learner, phase: Phase, callbacks: Sequence[Callback]) -> None:
    if phase.head_alone:
        learner.freeze()
    else:
        learner.unfreeze()
    learner.fit_one_cycle(phase.epochs, phase.lr, pct_start=phase.pct_start, div=phase.div, cbs=callbacks)


def _kept(state: FitState, folder: RunFolder | None) -> list[Callback]:
    """What leaves something in the run's folder."""
    if folder is None:
        return []
    boards = [TensorBoard(state, folder.path / "tensorboard")] if folder.tensorboard else []
    return [HistoryFiles(state, folder.path), *boards]


def seed_everything(seed: int) -> None:
    set_seed(seed, reproducible=True)
    random.seed(seed)
