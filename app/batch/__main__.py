"""The command, where its libraries are installed; else what to install."""

from __future__ import annotations

import importlib.util
import sys

_NEEDED = ("ray", "pyarrow", "fsspec", "tqdm")


def run() -> int:
    """The command's exit code."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"error: {', '.join(missing)} cannot be imported; serving does without, this command does not: "
            "pip install -r app/batch/requirements.txt",
            file=sys.stderr,
        )
        return 2
    from app.batch.command import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
