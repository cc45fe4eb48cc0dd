"""`python -m training train` and `fit`."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from training.bundles.export_command import add_bundle_choices, say_made
from training.choices import add_choice
from training.config import TrainConfig

if TYPE_CHECKING:
    from training.prepare import TrainRequest


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds both to the trainer's commands."""
    text = "check, split, fine-tune, evaluate and export a new bundle"
    train = commands.add_parser("train", help=text, description=text)
    add_bundle_choices(train)
    _add_arguments(train)
    train.set_defaults(run=_run_train)
    text = "check, split and fine-tune; leaves learner.pkl in the run's folder"
    fit = commands.add_parser("fit", help=text, description=text)
    _add_arguments(fit)
    fit.set_defaults(run=_run_fit)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder that holds one folder of photos per label")
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--labels", type=Path, help="CSV with the columns path (below --data) and labels (a;b), instead of the folders"
    )
    either.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE",
        help="the photos, labels and split that `split` has written there, instead of a new split",
    )
    parser.add_argument("--name", default="parks", help="the bundle's name (%(default)s)")
    parser.add_argument("--version", help="the bundle's version (default: the time, UTC)")
    parser.add_argument(
        "--run-dir",
        type=Path,
        help="folder for what the run leaves, and to go on from when the same command is given after an interruption "
        "(default: runs/NAME-VERSION)",
    )
    parser.add_argument("--fresh", action="store_true", help="start anew, whatever an interrupted run has left")
    parser.add_argument("--tensorboard", action="store_true", help="also write the history for TensorBoard")
    for field in dataclasses.fields(TrainConfig):
        add_choice(parser, field)
    parser.add_argument("--bf16", dest="precision", action="store_const", const="bf16", help=argparse.SUPPRESS)
    parser.add_argument("--no-bf16", dest="precision", action="store_const", const="float32", help=argparse.SUPPRESS)


def _config(options: argparse.Namespace) -> TrainConfig:
    return TrainConfig(**{field.name: getattr(options, field.name) for field in dataclasses.fields(TrainConfig)})


def _request(options: argparse.Namespace, typed: Sequence[str]) -> TrainRequest:
    """What was typed; the version of an interrupted run of the same command, if there is one."""
    from training.prepare import TrainRequest
    from training.run_folder import RUNS, unfinished_version

    command = shlex.join(["python", "-m", "training", *typed])
    folders = [options.run_dir] if options.run_dir else RUNS.glob("*")
    begun = None if options.fresh else unfinished_version(folders, command)
    version = options.version or begun or datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return TrainRequest(
        data=options.data,
        out=getattr(options, "out", Path("models")),
        name=options.name,
        version=version,
        command=command,
        note=getattr(options, "note", ""),
        label_facts=getattr(options, "label_facts", None),
        labels=options.labels,
        manifest=options.manifest,
        report_photos=getattr(options, "report_photos", None),
        try_int8=getattr(options, "try_int8", True),
        run_dir=options.run_dir or RUNS / f"{options.name}-{version}",
        tensorboard=options.tensorboard,
        fresh=options.fresh,
    )


def _run_train(options: argparse.Namespace, typed: Sequence[str]) -> None:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # What deterministic CUDA kernels ask for.
    from training.train import train  # torch and fastai take seconds; --help should not.

    bundle = train(_request(options, typed), _config(options))
    if bundle is not None:  # Else the main process says it.
        say_made(bundle.path)


def _run_fit(options: argparse.Namespace, typed: Sequence[str]) -> None:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # As in _run_train.
    from training.train import fit_alone

    learner = fit_alone(_request(options, typed), _config(options))
    if learner is not None:
        print(f"made {learner}; make a bundle of it with:")
        print(f"    python -m training export {shlex.quote(str(learner.parent))}")
