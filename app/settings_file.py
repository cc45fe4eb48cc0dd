"""A file of settings: what may change while the server runs, which the environment of a process cannot."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from app.errors import SettingsError

SETTINGS_FILE = "WHICHPARK_SETTINGS_FILE"

_MAX_BYTES = 65_536
_LINE = re.compile(r"""([A-Z_]+)\s*=\s*(?:"(.*)"|'(.*)'|(.*))""")


def with_settings_file(environ: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """The environment, and what the file that it names says beside it: a variable goes before a line of the file.

    Args:
        names: of the settings; the file may hold these, and not itself.
    Raises:
        SettingsError: the file cannot be read, or a line of it has no sense.
    """
    path = environ.get(SETTINGS_FILE, "")
    if not path:
        return dict(environ)
    return {**dict(_rows(path, names)), **{name: value for name, value in environ.items() if value != ""}}


def _rows(path: str, names: Collection[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(_read(path).splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        found = _LINE.fullmatch(text)
        if found is None:
            raise SettingsError(f"{path}, line {number}: NAME=VALUE is needed.")
        name, *values = found.groups()
        if name not in names or name == SETTINGS_FILE:
            raise SettingsError(f"{path}, line {number}: {name} is no setting that may stand there.")
        yield name, next(value for value in values if value is not None)


def _read(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise SettingsError(f"{path} has more than {_MAX_BYTES} bytes; it cannot be a file of settings.")
        return content.decode()
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{SETTINGS_FILE}: {path} cannot be read: {exc}") from exc
