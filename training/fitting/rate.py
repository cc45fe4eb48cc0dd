"""The learning rate, found on the data."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

from fastai.callback.schedule import Learner

PLOT = "lr_find.png"


def find_lr(learner: Learner, folder: Path | None) -> float:
    """The rate at which the head alone learns well, by fastai's `lr_find` ("valley"); the network stays as it is.

    Source: Smith 2017, Cyclical Learning Rates for Training Neural Networks, section 3.3.
    """
    learner.freeze()
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings(), learner.no_bar():
        warnings.filterwarnings("ignore", message="numpy.core is deprecated")  # fastai, as it takes the weights back.
        learner.path = Path(scratch)  # Where it keeps them meanwhile.
        suggestion = float(learner.lr_find(show_plot=False).valley)
    learner.path = Path()
    print(f"learning rate found: {suggestion:.2g}", flush=True)
    if folder is not None:
        plot_lr(learner.recorder.lrs, [float(loss) for loss in learner.recorder.losses], suggestion, folder)
    return suggestion


def plot_lr(rates: Sequence[float], losses: Sequence[float], suggestion: float, folder: Path) -> None:
    """Draws the loss over the rate, and the rate that is used."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(rates, losses)
    axes.axvline(suggestion, linestyle="--", label=f"used: {suggestion:.2g}")
    axes.set(xscale="log", xlabel="learning rate of the head", ylabel="loss")
    axes.legend()
    figure.savefig(folder / PLOT, dpi=100)
