"""`python -m training evaluate`: its flags. What it does is in `training.reevaluate`, which needs torch."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Adds the command to those of the trainer."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a bundle again, on its own test split",
        description="Measures a bundle on the photos of its own test split, prints a table, and writes reports if "
        "asked to. The bundle stays as it is. The test split is opened once more by it: do not choose by its figures.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's folder")
    parser.add_argument("--data", type=Path, required=True, help="the folder of photos it was trained on")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--labels", type=Path, help="the CSV of labels, for a bundle that carries no manifest")
    either.add_argument(
        "--manifest", type=Path, metavar="FILE", help="measure it on the test split of another manifest instead"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report there: figures, no photos")
    add_report_photos(parser)
    parser.set_defaults(run=_run)


def add_report_photos(parser: argparse.ArgumentParser) -> None:
    """Adds the flag that asks for a report with photos."""
    parser.add_argument(
        "--report-photos",
        type=Path,
        metavar="FILE",
        help="write a second report there, which shows the worst mistakes with their photos and heat maps. The report "
        "in the bundle only names them, since a bundle may be passed on and the photos perhaps not; so FILE must lie "
        "outside the bundle",
    )


def _run(options: argparse.Namespace, typed: Sequence[str]) -> None:
    from training.reevaluate import reevaluate  # torch and fastai take seconds; --help should not.

    reevaluate(
        options.bundle,
        options.data,
        options.labels,
        manifest=options.manifest,
        report=options.report,
        report_photos=options.report_photos,
    )
