"""The file of the parks: for each label, where its photos are looked for. The trainer reads the same file for facts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from training.download.errors import ParksFileError

DOWNLOAD_KEY = "download"
_KEYS = frozenset({"commons", "nps", "nps_words", "nps_other_words", "openverse"})
_LABEL = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")


@dataclass(frozen=True)
class Park:
    """One label and where its photos are looked for; what is empty is not asked.

    `commons` are categories of Wikimedia Commons, without `Category:`. `nps` is the park's code. Where two parks share
    a code, a photo's text must have one of `nps_words` and none of `nps_other_words`. `openverse` is a query.
    """

    label: str
    commons: tuple[str, ...] = ()
    nps: str = ""
    nps_words: tuple[str, ...] = ()
    nps_other_words: tuple[str, ...] = ()
    openverse: str = ""


def read_parks(path: Path, only: Sequence[str] = ()) -> list[Park]:
    """The parks of a YAML file, in its order; labels without a `download` table have none.

    Args:
        only: the labels wanted; all without.
    Raises:
        ParksFileError: the file cannot be read, a row has no sense, or a label wanted is not there.
    """
    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as exc:
        raise ParksFileError(f"{path} cannot be read as a file of parks: {exc}") from exc
    if not isinstance(table, dict) or not all(isinstance(row, dict) for row in table.values()):
        raise ParksFileError(f"{path} must hold a table per label, with its name, facts and `download`.")
    parks = [_park(path, label, row[DOWNLOAD_KEY]) for label, row in table.items() if DOWNLOAD_KEY in row]
    _ensure_there(path, [park.label for park in parks], only)
    return [park for park in parks if not only or park.label in only]


def _ensure_there(path: Path, labels: Sequence[str], only: Sequence[str]) -> None:
    unknown = sorted(set(only) - set(labels))
    if unknown:
        raise ParksFileError(f"{path} has nothing to download for {', '.join(unknown)}. It has: {', '.join(labels)}.")
    if not labels:
        raise ParksFileError(f"{path} has no label with a `download` table.")


def _park(path: Path, label: Any, row: Any) -> Park:
    if not isinstance(label, str) or not _LABEL.fullmatch(label):
        raise ParksFileError(f"{path}: {label!r} cannot be a folder's name. Use a-z, 0-9, '-' and '_'.")
    if not isinstance(row, dict) or not set(row) <= _KEYS:
        raise ParksFileError(f"{path}: `download` of {label} must be a table with some of {', '.join(sorted(_KEYS))}.")
    return Park(
        label,
        commons=_texts(path, label, row, "commons"),
        nps=_text(path, label, row, "nps"),
        nps_words=_texts(path, label, row, "nps_words"),
        nps_other_words=_texts(path, label, row, "nps_other_words"),
        openverse=_text(path, label, row, "openverse"),
    )


def _text(path: Path, label: str, row: dict[str, Any], key: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise ParksFileError(f"{path}: `{key}` of {label} must be a text, got {value!r}.")
    return value


def _texts(path: Path, label: str, row: dict[str, Any], key: str) -> tuple[str, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ParksFileError(f"{path}: `{key}` of {label} must be a list of texts, got {value!r}.")
    return tuple(value)
