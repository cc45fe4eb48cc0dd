"""The command line of the trainer."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.errors import WhichParkError
from training.bundles import command as bundles
from training.config import TrainConfig
from training.download import command as download

_EXPECTED_FAILURE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0, or 2 after a failure that is explained on the screen."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    options = make_parser().parse_args(typed)
    try:
        options.run(options, typed)
    except WhichParkError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)  # Third parties' reasons have many lines.
        return _EXPECTED_FAILURE
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m training", description="From a folder of photos to a bundle.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_train(commands.add_parser("train", help="check, split, fine-tune, evaluate and export a new bundle"))
    download.add_parser(commands)
    bundles.add_parser(commands)
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder that holds one folder of photos per label")
    parser.add_argument(
        "--labels", type=Path, help="CSV with the columns path (below --data) and labels (a;b), instead of the folders"
    )
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder for the new bundle (%(default)s)")
    parser.add_argument("--name", default="parks", help="the bundle's name (%(default)s)")
    parser.add_argument("--version", help="the bundle's version (default: the time, UTC)")
    parser.add_argument("--note", default="", help="what the card says of the photos: origin, licence, what they lack")
    parser.add_argument("--label-facts", type=Path, help="YAML with a name and facts per label")
    parser.add_argument("--run-dir", type=Path, help="folder for what the run leaves (default: runs/NAME-VERSION)")
    parser.add_argument("--tensorboard", action="store_true", help="also write the history for TensorBoard")
    for field in dataclasses.fields(TrainConfig):
        _add_choice(parser, field)
    parser.add_argument("--bf16", dest="precision", action="store_const", const="bf16", help=argparse.SUPPRESS)
    parser.add_argument("--no-bf16", dest="precision", action="store_const", const="float32", help=argparse.SUPPRESS)
    parser.set_defaults(run=_run_train)


def _add_choice(parser: argparse.ArgumentParser, field: dataclasses.Field[object]) -> None:
    flag, text = f"--{field.name.replace('_', '-')}", f"{field.metadata['help']} (%(default)s)"
    if isinstance(field.default, bool):
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=field.default, help=text)
    else:
        choices = field.metadata["choices"]
        parser.add_argument(flag, type=type(field.default), default=field.default, choices=choices, help=text)


def _run_train(options: argparse.Namespace, typed: Sequence[str]) -> None:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # What deterministic CUDA kernels ask for.
    from training.train import TrainRequest, train  # torch and fastai take seconds; --help should not.

    config = TrainConfig(**{field.name: getattr(options, field.name) for field in dataclasses.fields(TrainConfig)})
    version = options.version or datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    request = TrainRequest(
        data=options.data,
        out=options.out,
        name=options.name,
        version=version,
        command=shlex.join(["python", "-m", "training", *typed]),
        note=options.note,
        label_facts=options.label_facts,
        labels=options.labels,
        run_dir=options.run_dir or Path("runs") / f"{options.name}-{version}",
        tensorboard=options.tensorboard,
    )
    bundle = train(request, config)
    print(f"made {bundle.path}; look at {bundle.path / 'report.html'}, then serve it with:")
    print(f"    python -m training bundle promote {bundle.path.name} --models {options.out}")
