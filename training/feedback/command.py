"""`python -m training feedback export`: agreed feedback into a data folder that the trainer reads.

    python -m training feedback export --out photos/ --database sqlite:////var/lib/which-park/feedback.db
    python -m training feedback export --out photos/ --most 200

What it makes: `<label>/feedback-<day>__<id>.jpg` beside the photos that are there (the photos of one day are one
source, so the split never parts those of one visitor), and `feedback.csv`, which names each with its labels and who
agreed. With --multi-label all photos go to `feedback/`, and the table is for
`train --labels photos/feedback.csv --multi-label`.

Exported is what was accepted at /review, with a photo and a label; most informative first, see `app.feedback.margin`.
The same command again adds what is new and overwrites nothing. Photos that their visitors have deleted since, that are
too old or were rejected after all, are named; --remove-withdrawn takes them away.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.errors import ConfigError, DataError

DATABASE_VARIABLE = "WHICHPARK_FEEDBACK"
_SQLITE = "sqlite:///"


def add_parser(commands: Any) -> None:
    """Adds `feedback` to the commands of the trainer."""
    actions = commands.add_parser("feedback", help="train on what visitors said").add_subparsers(
        required=True, metavar="ACTION"
    )
    parser = actions.add_parser(
        "export",
        help="agreed feedback into a data folder",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="the data folder, made where it is not there")
    parser.add_argument("--database", help=f"where feedback is kept (or {DATABASE_VARIABLE})")
    parser.add_argument("--most", type=_count, metavar="N", help="the N most informative alone (all)")
    parser.add_argument("--multi-label", action="store_true", help="photos of any number of labels, by the table")
    parser.add_argument("--remove-withdrawn", action="store_true", help="take away what is withdrawn since")
    parser.set_defaults(run=run_export)


def run_export(options: argparse.Namespace, typed: Sequence[str]) -> None:
    """Exports, and says what was done.

    Raises:
        ConfigError, DataError: see `training.feedback.export`.
        FeedbackUnavailableError, SettingsError: the database cannot be read.
    """
    from app.feedback.driver import ensure_driver
    from app.feedback.limits import FeedbackLimits
    from app.feedback.store import open_store  # It loads SQLAlchemy; --help should not.
    from training.feedback.export import export_feedback

    address = _address(options.database)
    ensure_driver(address)
    done = export_feedback(
        open_store(address, FeedbackLimits()),
        options.out,
        most=options.most,
        multi_label=options.multi_label,
        remove_withdrawn=options.remove_withdrawn,
    )
    print(f"{done.n_new} photos are new in {options.out}, {done.n_there} were there already")
    if done.n_left_out:
        print(f"{done.n_left_out} photos have several labels and are left out; --multi-label takes them")
    for path in done.withdrawn:
        print(f"withdrawn: {path}" + (" (removed)" if options.remove_withdrawn else ""))
    if done.withdrawn and not options.remove_withdrawn:
        print("these should no longer be trained on; --remove-withdrawn takes them away")


def _address(given: str | None) -> str:
    address = given or os.environ.get(DATABASE_VARIABLE, "")
    if not address.startswith((_SQLITE, "postgresql://")):
        raise ConfigError(f"Give --database (or {DATABASE_VARIABLE}): sqlite:///FILE or postgresql://…")
    if address.startswith(_SQLITE) and not Path(address.removeprefix(_SQLITE)).is_file():
        raise DataError(f"There is no database {address.removeprefix(_SQLITE)}.")
    return address


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise argparse.ArgumentTypeError("a whole number of at least 1 is needed")
    return int(text)
