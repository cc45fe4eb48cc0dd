"""Makes API keys, and takes them back.

    python -m app.keys new alice        # prints the key, once; keeps its digest in WHICHPARK_API_KEYS_FILE
    python -m app.keys list
    python -m app.keys revoke alice

A running server sees the change within a second.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.door.key_file import ApiKey, digest_of, new_secret, parse_keys, read_keys
from app.errors import SettingsError

_FILE_VARIABLE = "WHICHPARK_API_KEYS_FILE"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if not options.file:
            raise SettingsError(f"name the file of keys: --file, or {_FILE_VARIABLE}")
        return int(options.run(Path(options.file), options))
    except SettingsError as exc:
        print(f"which-park: {exc}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.keys", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--file", default=os.environ.get(_FILE_VARIABLE), help=f"default: {_FILE_VARIABLE}")
    commands = parser.add_subparsers(required=True)
    new = commands.add_parser("new", help="make a key and print it")
    new.add_argument("name", help="whose it is: letters, digits, '.', '_', '-'")
    new.set_defaults(run=_new)
    commands.add_parser("list", help="whose keys there are").set_defaults(run=_list)
    revoke = commands.add_parser("revoke", help="take a key back")
    revoke.add_argument("name")
    revoke.set_defaults(run=_revoke)
    return parser


def _new(path: Path, options: argparse.Namespace) -> int:
    before = _text(path) if path.exists() else ""
    secret = new_secret()
    line = ApiKey(options.name, digest_of(secret)).line
    after = f"{before}\n{line}\n" if before and not before.endswith("\n") else f"{before}{line}\n"
    if not parse_keys(line, "the new key"):
        raise SettingsError(f"a name of letters, digits, '.', '_' and '-' is needed, got {options.name!r}")
    parse_keys(after, str(path))  # The name may be taken.
    _write(path, after)
    print(secret)
    print("This is the only time the key is shown.", file=sys.stderr)
    return 0


def _list(path: Path, _options: argparse.Namespace) -> int:
    for key in read_keys(path):
        print(key.name)
    return 0


def _revoke(path: Path, options: argparse.Namespace) -> int:
    lines = _text(path).splitlines(keepends=True)
    kept = [line for line in lines if options.name not in line.split()[:1]]
    if kept == lines:
        raise SettingsError(f"{path} has no key of {options.name}")
    _write(path, "".join(kept))
    return 0


def _text(path: Path) -> str:
    read_keys(path)  # Whatever is wrong with it is said.
    return path.read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    """Replaces the file at once, so that a server never reads half of it. A new one is its owner's alone."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(text)
    if path.exists():
        shutil.copymode(path, file.name)
    Path(file.name).replace(path)


if __name__ == "__main__":
    sys.exit(main())
