"""`python -m training check`: what a careful colleague would say of the photos before anything is trained on them.

    python -m training check --data photos/
    python -m training check --data photos/ --bundle models/parks-2         likely wrong labels and outliers, too
    python -m training check --data photos/ --labels table.csv              one or several labels a photo
    python -m training check --data photos/ --ignore near_duplicate,tiny    for scripts that know of these
    python -m training check --data photos/ --fix move                      suspects go to photos-aside/
    python -m training check --data photos/ --undo                          and come back

It reads every file below the label folders once, tells on the screen what it found, and writes a page to look at.

With --bundle, photos that the bundle was trained on are judged too kindly: it has learnt their labels, wrong ones too.
Every finding says whether its photo is one of them (by the sources in the bundle's card); few findings among those
mean little.

--fix move moves into <data>-aside/, at the same places below it; nothing is deleted, nothing written over. Its
moved.csv says what went from where to where and why, and --undo moves back all that it names. Moved are, of copies,
all but the best; of one photo under several labels, all. The page and the screen tell of the photos before the move.

exit codes:
    0   nothing found (or --undo brought everything back)
    1   findings, moved or not (or --undo left photos aside: others are in their places)
    2   it cannot be done, the reason is on the screen
    130 stopped by Ctrl-C
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.check.kinds import KIND_NAMES, MOVED_KINDS
from training.check.limits import CheckLimits
from training.choices import add_choice
from training.errors import ConfigError

if TYPE_CHECKING:
    from training.check.run import CheckRequest, CheckResult

PAGE = Path("runs/check.html")

_CLEAN, _FOUND, _INTERRUPTED = 0, 1, 130
_MOST_WORKERS = 256


def add_parser(commands: Any) -> None:
    """Adds the command to those of the trainer."""
    parser = commands.add_parser(
        "check",
        help="look at the photos before training: damaged, doubled, wrongly labelled",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds one folder of photos per label")
    parser.add_argument("--labels", type=Path, help="CSV with the columns path (below --data) and labels (a;b)")
    parser.add_argument("--bundle", type=Path, help="a bundle's folder (models/parks-2): its model looks at the photos")
    parser.add_argument("--report", type=Path, default=PAGE, metavar="FILE", help="the page (%(default)s)")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write every finding as a line of a table")
    parser.add_argument(
        "--ignore", type=_kinds, default=(), metavar="KIND,…", help=f"not looked for: any of {', '.join(KIND_NAMES)}"
    )
    parser.add_argument("--fix", choices=("move",), help="move suspects aside")
    parser.add_argument(
        "--kinds",
        type=_kinds,
        default=MOVED_KINDS,
        metavar="KIND,…",
        help=f"with --fix: whose suspects are moved ({','.join(MOVED_KINDS)})",
    )
    parser.add_argument("--aside", type=Path, metavar="DIR", help="where they are moved (<data>-aside)")
    parser.add_argument("--undo", action="store_true", help="move back what --fix moved, and do nothing else")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes that read photos (one for every core; 0: this one alone)"
    )
    for field in dataclasses.fields(CheckLimits):
        add_choice(parser, field)
    parser.set_defaults(run=run_command)


def run_command(options: argparse.Namespace, typed: Sequence[str]) -> int:
    """Checks, or moves back; the exit code.

    Raises:
        DataError, ConfigError, CheckError, BundleError: see `run_check`, `write_page` and `training.check.aside`.
    """
    try:
        return _undo(options) if options.undo else _check(options)
    except KeyboardInterrupt:
        undo = "; what was moved comes back with --undo" if options.fix else ""
        print(f"\nstopped; no report is half-written{undo}. Run it again for a whole one.", file=sys.stderr)
        return _INTERRUPTED


def _check(options: argparse.Namespace) -> int:
    from training.check.aside import aside_of  # SciPy, Pillow and Jinja take a while; --help should not.
    from training.check.report import write_page, write_table
    from training.check.run import run_check
    from training.check.screen import summary

    request, aside = _request(options), aside_of(options.data, options.aside)
    result = run_check(request)
    print(summary(result), flush=True)
    write_page(options.report, result)
    print(f"wrote {options.report}")
    if options.csv:
        write_table(options.csv, result)
        print(f"wrote {options.csv}")
    if options.fix:
        _fix(result, aside, options.kinds)
    return _FOUND if result.findings else _CLEAN


def _request(options: argparse.Namespace) -> CheckRequest:
    from training.check.run import CheckRequest

    limits = CheckLimits(**{field.name: getattr(options, field.name) for field in dataclasses.fields(CheckLimits)})
    request = CheckRequest(options.data, options.labels, options.bundle, frozenset(options.ignore), limits)
    if options.workers is None:
        return request
    if not 0 <= options.workers <= _MOST_WORKERS:
        raise ConfigError(f"--workers must be from 0 to {_MOST_WORKERS}, got {options.workers}.")
    return dataclasses.replace(request, n_workers=options.workers)


def _fix(result: CheckResult, aside: Path, kinds: Sequence[str]) -> None:
    from training.check.aside import move_aside
    from training.check.ledger import LEDGER
    from training.check.rest import write_rest

    request = result.request
    moves = move_aside([finding for finding in result.findings if finding.kind in kinds], request.data, aside)
    print(f"moved {len(moves)} file(s) to {aside}; {LEDGER} there says which and why, --undo brings them back")
    if request.labels and moves:
        print(f"wrote {write_rest(request.labels, moves, aside)}: the table without them; train with that one")


def _undo(options: argparse.Namespace) -> int:
    from training.check.aside import aside_of, move_back

    n_back, said = move_back(options.data, aside_of(options.data, options.aside))
    print(f"moved {n_back} file(s) back to {options.data}")
    for line in said:
        print(f"note: {line}")
    return _FOUND if said else _CLEAN


def _kinds(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = sorted({*names} - {*KIND_NAMES})
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: no such kind; there are {', '.join(KIND_NAMES)}")
    return names
