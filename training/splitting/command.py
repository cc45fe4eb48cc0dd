"""`python -m training split`: its flags. What it does is in `training.splitting.split`."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from training.choices import add_choice
from training.config import TrainConfig
from training.errors import DataError

# What decides a split, of all that decides a training; `train` and `fit` have the same flags.
_CHOICES = ("multi_label", "n_folds", "seed", "near_duplicate_bits")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to those of the trainer."""
    text = "deal the photos into train, valid and test, and write down which is where"
    parser = commands.add_parser("split", help=text, description=f"{text.capitalize()}; no group of photos is parted.")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds one folder of photos per label")
    parser.add_argument(
        "--labels", type=Path, help="CSV with the columns path (below --data) and labels (a;b), instead of the folders"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("manifest.csv"), metavar="FILE", help="the manifest (%(default)s)"
    )
    for field in dataclasses.fields(TrainConfig):
        if field.name in _CHOICES:
            add_choice(parser, field)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace, typed: Sequence[str]) -> None:
    from training.splitting.manifest import write_manifest  # scikit-learn takes a second; --help should not.
    from training.splitting.split import make_split
    from training.splitting.words import split_in_words

    _ensure_free(options.out)
    config = TrainConfig(**{name: getattr(options, name) for name in _CHOICES})
    rows = make_split(options.data, options.labels, config)
    write_manifest(options.out, rows, options.data)
    print(f"{split_in_words(rows)}\nwrote {options.out}")


def _ensure_free(manifest: Path) -> None:
    """Found out before the minutes of reading, not after."""
    if manifest.exists():
        raise DataError(f"{manifest} is there already. Give another --out, or take it away.")
    if not manifest.resolve().parent.is_dir():
        raise DataError(f"{manifest} cannot be written: give a file's name in a folder that is there.")
