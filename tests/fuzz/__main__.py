"""`python -m tests.fuzz`: hunts, and says what it met; or replays files that an earlier hunt kept."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.doors import doors
from tests.fuzz.hunt import MOST_GROWTH_BYTES, hunt


def main() -> int:
    """The exit status: 1 if anything failed or memory grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=10_000, help="how many mutated files and requests")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other files")
    parser.add_argument("--failures", type=Path, default=Path("fuzz-failures"), help="where failing files are kept")
    parser.add_argument("--replay", type=Path, nargs="+", help="files that a hunt kept, to meet again one by one")
    options = parser.parse_args()
    if options.replay:
        return _replay(options.replay)
    report = hunt(options.files, options.seed, options.failures)
    print(report)
    start, end = report.rss_bytes
    return int(bool(report.failures) or end - start > MOST_GROWTH_BYTES)


def _replay(files: list[Path]) -> int:
    every_door = doors()
    for file in files:
        name = next(name for name in every_door if name in file.name.split("-"))
        print(f"{file}: {every_door[name](file.read_bytes())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
