"""`python -m training export`: its flags. What it does is in `training.bundles.from_run`, which needs torch."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from training.evaluation.command import add_report_photos


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to those of the trainer."""
    text = "calibrate, measure and check what `fit` has left, and make a bundle of it"
    parser = commands.add_parser("export", help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.add_argument("folder", type=Path, metavar="RUN", help="the run's folder, as runs/NAME-VERSION")
    parser.add_argument("--data", type=Path, help="the folder of photos, if it is not where `fit` found it")
    add_bundle_choices(parser)
    parser.set_defaults(run=_run)


def add_bundle_choices(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that say what goes into a bundle beside the learner."""
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder for the new bundle (%(default)s)")
    parser.add_argument("--note", default="", help="what the card says of the photos: origin, licence, what they lack")
    parser.add_argument("--label-facts", type=Path, help="YAML with a name and facts per label")
    parser.add_argument(
        "--try-int8",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="serve the network in int8 on a CPU, if it is faster there and says the same of the validation photos "
        "(%(default)s)",
    )
    add_report_photos(parser)


def say_made(bundle: Path) -> None:
    """Tells what to do with a new bundle."""
    print(f"made {bundle}; look at {bundle / 'report.html'}, then serve it with:")
    print(f"    python -m training bundle promote {bundle.name} --models {bundle.parent}")


def _run(options: argparse.Namespace, typed: Sequence[str]) -> None:
    from training.bundles.from_run import ExportRequest, export_run  # torch and fastai take seconds; --help should not.

    request = ExportRequest(
        run=options.folder,
        out=options.out,
        data=options.data,
        note=options.note,
        label_facts=options.label_facts,
        report_photos=options.report_photos,
        try_int8=options.try_int8,
    )
    say_made(export_run(request).path)
