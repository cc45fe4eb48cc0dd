"""The course of a fit: the head alone, then everything, each in one cycle of the learning rate."""

from __future__ import annotations

from dataclasses import dataclass

from training.config import TrainConfig


@dataclass(frozen=True)
class Phase:
    """Epochs of one cycle: the rate rises from lr / `div` to `lr` for the share `pct_start`, then falls to nothing."""

    name: str
    epochs: int
    lr: slice
    pct_start: float
    div: float
    sizes: tuple[int, ...]

    @property
    def head_alone(self) -> bool:
        """Whether the body is frozen."""
        return self.name == "head"

    def size_px(self, epoch: int) -> int:
        """The side photos are trained on in an epoch of this phase: each size has its even share of the epochs."""
        return self.sizes[epoch * len(self.sizes) // self.epochs]


def make_phases(config: TrainConfig, lr: float) -> list[Phase]:
    """The phases of fastai's `fine_tune`, with the rate `lr` for the head while it is alone.

    Source: fastai.callback.schedule.fine_tune, its defaults but for `lr_mult`.
    """
    sizes, half = config.train_sizes, lr / 2
    return [
        Phase("head", config.freeze_epochs, slice(lr), 0.99, 25.0, sizes[:1]),
        Phase("all", config.epochs, slice(half / config.body_lr_divisor, half), 0.3, 5.0, sizes),
    ]
