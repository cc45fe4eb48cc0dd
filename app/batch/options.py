"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from app.errors import SettingsError
from app.setting_types import number, whole

_DESCRIPTION = """\
Classifies an archive of photos into a table, one row a photo: what the server would say of each, or why it has no
verdict. The limits on a photo are the server's settings (WHICHPARK_MAX_IMAGE_PX and the like; most bytes of one:
WHICHPARK_MAX_UPLOAD_BYTES).

The same command goes on after a stop or a kill, and takes photos that are new. It ends with 0 where every photo has a
verdict, 1 where some have none (their rows say why), 2 where it cannot be done, 130 after Ctrl-C."""

_SOURCE = """a folder, a pattern in quotes ('photos/**/*.jpg'), a photo; or the address of one for fsspec
(s3://bucket/photos, https://host/photos/; some want a package more, which is then named). Every file that is not hidden
is looked at, whatever it is called; links to folders are not followed. On a cluster every machine must see it at the
same path"""

_DESTINATION = """the folder of Parquet files that is the table, on this machine: pandas, Arrow, DuckDB and Spark
read it by its name. It is made, or gone on with"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The choices. Ends the process where they have no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m app.batch", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", metavar="SRC", help=_SOURCE)
    parser.add_argument("destination", metavar="DEST.parquet", help=_DESTINATION)
    parser.add_argument("--list", action="store_true", help="SRC is a text file of paths and addresses, one a line")
    parser.add_argument(
        "--ray", metavar="ADDRESS", help="the Ray cluster to use, HOST:PORT or auto (none: this machine alone)"
    )
    parser.add_argument("--models", metavar="DIR", type=Path, help="folder of CURRENT (WHICHPARK_MODELS_DIR, models/)")
    parser.add_argument("--bundle", metavar="DIR", type=Path, help="the bundle's folder (the one that CURRENT names)")
    parser.add_argument(
        "--mix-bundles", action="store_true", help="go on with a table that another bundle began; its rows stay"
    )
    parser.add_argument("--retry", action="store_true", help="look again at what has no verdict in the table")
    _add_number(parser, "--workers", 0, whole(0, 100_000), "workers, a processor each; 0: as many as there are")
    _add_number(
        parser, "--threads", 2, whole(1, 256), "photos that a worker reads and decodes at once; more for slow storage"
    )
    _add_number(parser, "--batch", 64, whole(1, 10_000), "photos that a worker gets at once")
    _add_number(parser, "--part-rows", 10_000, whole(1, 10_000_000), "most rows that are not on the disk yet")
    _add_number(parser, "--part-s", 30.0, number(0, 86_400), "longest that they are not, in seconds")
    return parser.parse_args(arguments)


def _add_number(
    parser: argparse.ArgumentParser, flag: str, default: float, parse_text: Callable[[str], float], help_text: str
) -> None:
    def convert(text: str) -> float:
        try:
            return parse_text(text)
        except SettingsError as exc:
            raise argparse.ArgumentTypeError(str(exc)) from None

    parser.add_argument(flag, metavar="N", type=convert, default=default, help=f"{help_text} (%(default)s)")
