"""A fit that takes no time."""

from __future__ import annotations

from training.config import TrainConfig

VOCAB = ["cats", "dogs", "other"]
QUICK = TrainConfig(weights="none", size_px=32, freeze_epochs=1, epochs=2, batch_size=4, n_folds=3, precision="float32")
