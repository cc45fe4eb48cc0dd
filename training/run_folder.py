"""The folder of one run: what it was asked for, where it stands, and what it leaves to look at.

runs/<name>-<version>/run.json        what decides its result; the command and the versions it began with
                      checkpoint.pt   where it stands (`fitting.checkpoint`)
                      manifest.csv    which photo is in which split
                      history.csv     every epoch; history.png when it is over
                      lr_find.png     if a learning rate was looked for
                      tensorboard/    if it was asked for
                      learner.pkl     what `fit` gives and `export` makes a bundle of
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.vision.bundle import write_atomically
from training.errors import RunError

RUNS = Path("runs")
RUN = "run.json"

Identity = Mapping[str, Any]


@dataclass(frozen=True)
class RunFolder:
    """Where a run keeps what it leaves; `tensorboard` says whether TensorBoard's files are wanted, too."""

    path: Path
    tensorboard: bool = False

    def finish(self, **left: str) -> None:
        """Notes that the run has given what it was asked for: from now on the same command begins another.

        Args:
            left: what else is worth noting at its end.
        """
        _write(self.path, {**(_read(self.path) or {}), "finished_at": _now(), **left})


def open_run(
    path: Path, identity: Identity, about: Mapping[str, Any], *, tensorboard: bool = False, fresh: bool = False
) -> RunFolder:
    """The folder of a new run, or of one that is gone on with.

    Args:
        identity: what decides the result, in types JSON has; a run is gone on with only if it is the same.
        about: what else is worth noting of a new run; its name, version and command among it.
        fresh: take away what an earlier run left there.
    Raises:
        RunError: the folder holds another run, or something else; or it cannot be made.
    """
    try:
        earlier = _read(path)
        if earlier is None and path.exists() and any(path.iterdir()):
            raise RunError(f"{path} is no run's folder. Give another --run-dir.")
        if fresh and earlier is not None:
            shutil.rmtree(path)
            earlier = None
        if earlier is None:
            path.mkdir(parents=True, exist_ok=True)
            _write(path, {**about, "started_at": _now(), "identity": identity})
        else:
            _ensure_same(path, earlier["identity"], json.loads(json.dumps(identity)))
    except OSError as exc:
        raise RunError(f"The run cannot be kept in {path}: {exc}. Give another --run-dir.") from exc
    return RunFolder(path, tensorboard)


def read_run(path: Path) -> dict[str, Any]:
    """What run.json says: `identity` and what else `open_run` and `finish` were given.

    Raises:
        RunError: it is no run's folder.
    """
    about = _read(path)
    if about is None:
        raise RunError(f"{path} is no run's folder. Give one that `fit` has left, as in runs/.")
    return about


def unfinished_version(folders: Iterable[Path], command: str) -> str | None:
    """The version of the last run in these folders that the same command began and that was not finished."""
    runs = [about for path in sorted(folders) if (about := _read(path))]
    unfinished = [about for about in runs if about["command"] == command and "finished_at" not in about]
    return str(max(unfinished, key=lambda about: str(about["started_at"]))["version"]) if unfinished else None


def _ensure_same(path: Path, earlier: Identity, now: Identity) -> None:
    before, after = dict(_flat(earlier)), dict(_flat(now))
    changed = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    if changed:
        told = "; ".join(f"{key} was {before.get(key)!r}, is {after.get(key)!r}" for key in changed)
        raise RunError(f"{path} is of another run: {told}. Give another --run-dir, or start anew with --fresh.")


def _flat(values: Identity, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _read(path: Path) -> dict[str, Any] | None:
    """What run.json says; None where there is none that has sense."""
    try:
        about = json.loads((path / RUN).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return about if isinstance(about, dict) and {"identity", "command", "version", "started_at"} <= set(about) else None


def _write(path: Path, about: Mapping[str, Any]) -> None:
    write_atomically(path / RUN, (json.dumps(about, indent=2, ensure_ascii=False) + "\n").encode())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
