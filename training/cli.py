"""The command line of the trainer."""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Sequence

from app.errors import WhichParkError
from training import train_command
from training.bundles import command as bundles
from training.bundles import export_command as export
from training.check import command as check
from training.download import command as download
from training.evaluation import command as evaluate
from training.feedback import command as feedback
from training.splitting import command as split

_EXPECTED_FAILURE = 2
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_INTERRUPTED = 130  # As shells say it: 128 and the number of SIGINT.


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code (0, if it has no own), 2 after a failure that is explained on the screen, or 130
    after Ctrl-C.

    Wherever a run is when the disk is full, what it has left on it is whole: it goes on from there.
    """
    typed = list(sys.argv[1:] if arguments is None else arguments)
    options = make_parser().parse_args(typed)
    try:
        return options.run(options, typed) or 0
    except WhichParkError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)  # Third parties' reasons have many lines.
        return _EXPECTED_FAILURE
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        print(f"error: {error}. Make room on the disk; the same command goes on from there.", file=sys.stderr)
        return _EXPECTED_FAILURE
    except KeyboardInterrupt:
        print("stopped; the same command goes on from there", file=sys.stderr)
        return _INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m training", description="From a folder of photos to a bundle.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check.add_parser(commands)
    split.add_parser(commands)
    train_command.add_parsers(commands)
    export.add_parser(commands)
    evaluate.add_parser(commands)
    download.add_parser(commands)
    feedback.add_parser(commands)
    bundles.add_parser(commands)
    return parser
