"""The checkpoint of a fit: what the next epoch needs to be the one it would have been without an interruption.

Weights, the optimizer's moments, where in the schedule the fit is, and every source of randomness. Written after each
epoch; plain types and tensors alone, so that torch reads it without unpickling code.
"""

from __future__ import annotations

import dataclasses
import os
import pickle
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.errors import RunError
from training.fitting.callbacks import EpochCallback, copy_state
from training.fitting.processes import from_all, rank
from training.fitting.state import EpochRow, FitState

# isort: split
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.torch_core import get_model

CHECKPOINT = "checkpoint.pt"


class Checkpoints(EpochCallback):
    """Writes the checkpoint after each epoch."""

    order = EpochCallback.order + 2  # After the history and the best.

    def __init__(self, state: FitState, loader: DataLoader, folder: Path) -> None:
        super().__init__()
        self.state, self.loader, self.path = state, loader, folder / CHECKPOINT

    def after_trained_epoch(self) -> None:
        content = {
            "state": _state_to_json(self.state),
            "model": copy_state(get_model(self.learn.model)),
            "best_model": self.state.best_model,
            "start_model": self.state.start_model,
            "optimizer": _optimizer_to_json(self.learn.opt),
            "random": from_all(random_state(self.loader)),
        }
        if rank() == 0:
            _write(self.path, content)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read."""

    content: dict[str, Any]

    def restore(self, learner: Learner, loader: DataLoader) -> FitState:
        """Puts weights and randomness back; the optimizer follows when its phase goes on."""
        learner.model.load_state_dict(self.content["model"])
        restore_random_state(self.content["random"][rank()], loader)
        state = self.content["state"]
        rows = [EpochRow(**row) for row in state["history"]]
        models = {name: self.content.get(name) for name in ("best_model", "start_model")}
        return FitState(**{**state, **models, "history": rows})

    def restore_optimizer(self, learner: Learner) -> None:
        """Puts the optimizer's moments and rates back; to be called once the phase has frozen what it freezes."""
        learner.opt.load_state_dict(_on(learner.dls.device, self.content["optimizer"]))


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """The folder's checkpoint, on the CPU, if it has one.

    Raises:
        RunError: it cannot be read.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        return Checkpoint(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as exc:
        raise RunError(f"{path} is damaged or of another version of this program. Start anew with --fresh.") from exc


def _write(path: Path, content: dict[str, Any]) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except (OSError, RuntimeError) as exc:  # RuntimeError: what torch makes of a full disk.
        beside.unlink(missing_ok=True)
        raise RunError(f"The checkpoint cannot be written to {path.parent}: {exc}. Is the disk full?") from exc


def _state_to_json(state: FitState) -> dict[str, Any]:
    values = {field.name: getattr(state, field.name) for field in dataclasses.fields(FitState)}
    del values["best_model"], values["start_model"]
    return values | {"history": [dataclasses.asdict(row) for row in state.history]}


def _optimizer_to_json(optimizer: Any) -> dict[str, Any]:
    """fastai keeps the rates in types of its own and NumPy's."""
    content = optimizer.state_dict()
    return {
        "state": list(content["state"]),
        "hypers": [{name: _plain(value) for name, value in hypers.items()} for hypers in content["hypers"]],
    }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _on(device: torch.device, value: Any) -> Any:
    """The same, with every tensor on a device."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: _on(device, part) for key, part in value.items()}
    return [_on(device, part) for part in value] if isinstance(value, list) else value


def random_state(loader: DataLoader) -> dict[str, Any]:
    """Every source of randomness of a fit, in plain types; `loader` shuffles the photos."""
    name, keys, *rest = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": [name, [int(key) for key in keys], *rest],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "loader": loader.rng.getstate(),
    }


def restore_random_state(state: dict[str, Any], loader: DataLoader) -> None:
    """Sets every source of randomness to what it was."""
    random.setstate(state["python"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
    loader.rng.setstate(state["loader"])
