"""Our fine-tuning, measured: the learner and the loaders of `fit`, as they are."""

from __future__ import annotations

from collections.abc import Sequence

from training.bench.pace import Pace, Watch
from training.config import TrainConfig
from training.data import PhotoRow, vocab_of
from training.fitting.loaders import make_dataloaders
from training.fitting.network import make_learner
from training.fitting.phases import make_phases

# isort: split
from fastai.callback.core import Callback


class TrainTimer(Callback):
    """How fast the training part of the last epoch was; validation is not in it."""

    def __init__(self, n_photos: int) -> None:
        super().__init__()
        self.n_photos = n_photos

    def before_train(self) -> None:
        self.watch = Watch()

    def after_train(self) -> None:
        self.pace = self.watch.pace(self.n_photos)


class OurLoop:
    """All of the network trained, kept between rounds."""

    def __init__(self, rows: Sequence[PhotoRow], config: TrainConfig) -> None:
        vocab = vocab_of(rows)
        self.dls = make_dataloaders(rows, vocab, config)
        self.learner = make_learner(self.dls, config, vocab)
        self.learner.unfreeze()
        self.phase = make_phases(config, config.lr)[1]
        self.n_photos = self.dls.train.bs * len(self.dls.train)

    def train(self) -> Pace:
        """One pass over the photos."""
        timer = TrainTimer(self.n_photos)
        with self.learner.no_bar(), self.learner.no_logging():
            self.learner.fit_one_cycle(1, self.phase.lr, pct_start=0.3, div=5.0, cbs=timer)
        return timer.pace

    def load(self) -> Pace:
        """One pass over the photos in which nothing is learned: opened, cropped, fitted, augmented."""
        watch = Watch()
        for _ in self.dls.train:
            pass
        return watch.pace(self.n_photos)
