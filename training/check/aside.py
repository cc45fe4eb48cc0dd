"""Moving suspects aside, into a folder beside the data, and back. Nothing is deleted, nothing is written over.

photos-aside/yosemite/anna__01.jpg    what was photos/yosemite/anna__01.jpg
             moved.csv                the ledger: what was moved from where to where, why, and when
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from training.check.findings import Finding, plain_text
from training.check.ledger import Move, append_move, read_ledger, rewrite_ledger
from training.check.moving import move_file
from training.errors import CheckError


def aside_of(data: Path, given: Path | None = None) -> Path:
    """The folder aside: the one given, or `<data>-aside` beside the data folder.

    Raises:
        CheckError: it would lie in the data folder, where the trainer would read it as a label, or around it.
    """
    real = data.resolve()
    aside = given.resolve() if given else real.with_name(f"{real.name or 'data'}-aside")
    if aside.is_relative_to(real) or real.is_relative_to(aside):
        raise CheckError(f"Photos cannot be moved from {data} to {aside}: one lies in the other. Give another --aside.")
    return aside


def move_aside(findings: Iterable[Finding], data: Path, aside: Path) -> list[Move]:
    """Moves the suspects of the findings; a photo that several suspect goes once.

    A ledger line is written before its move, so that the ledger is right whenever this ends.

    Raises:
        CheckError: a photo cannot be moved; what was moved before is in the ledger.
    """
    moves: list[Move] = []
    for path, finding in _each_once(findings):
        target = _free(aside / path.relative_to(data))
        places = path.relative_to(data).as_posix(), target.relative_to(aside).as_posix()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        move = Move(*places, finding.kind, plain_text(finding.reason), now)
        try:
            append_move(aside, move)
            move_file(path, target)
        except OSError as exc:
            raise CheckError(
                f"{plain_text(path)} cannot be moved to {aside} ({exc.strerror or exc}). {len(moves)} file(s) were "
                "moved before; --undo brings them back. Another place can be given with --aside."
            ) from exc
        moves.append(move)
    return moves


def move_back(data: Path, aside: Path) -> tuple[int, list[str]]:
    """How many files went back to where they came from, and what is to be said of those that did not, which stay.

    Raises:
        CheckError: there is no ledger, it has no sense, or a file cannot be moved.
    """
    stay: list[Move] = []
    said: list[str] = []
    n_back = 0
    for move in reversed(read_ledger(aside)):
        source, target = aside / move.went_to, data / move.came_from
        if not os.path.lexists(source):
            said += [f"{move.came_from} is in neither folder."] * (not os.path.lexists(target))
        elif _is_one_file(source, target):
            source.unlink()  # A move was killed between its two steps: the file has both names.
        elif os.path.lexists(target):
            stay.insert(0, move)
            said.append(f"{move.came_from} stays in {aside}: another file is in its place.")
        else:
            _back(source, target, aside, n_back)
            n_back += 1
    try:
        rewrite_ledger(aside, stay)
    except OSError as exc:  # What has gone back is told by where it is, so the old ledger does no harm.
        raise CheckError(f"The ledger in {aside} cannot be written anew ({exc.strerror or exc}).") from exc
    _remove_empty_folders(aside)
    return n_back, [plain_text(line) for line in said]


def _each_once(findings: Iterable[Finding]) -> Iterator[tuple[Path, Finding]]:
    done: set[Path] = set()
    for finding in findings:
        for path in finding.suspects:
            if path not in done:
                done.add(path)
                yield path, finding


def _is_one_file(first: Path, second: Path) -> bool:
    return os.path.lexists(second) and os.path.samestat(first.lstat(), second.lstat())


def _free(path: Path) -> Path:
    """The path, or where something is there already, the first like it that is free: `a~2.jpg`."""
    candidate, number = path, 2
    while os.path.lexists(candidate):
        candidate, number = path.with_name(f"{path.stem}~{number}{path.suffix}"), number + 1
    return candidate


def _back(source: Path, target: Path, aside: Path, n_back: int) -> None:
    try:
        move_file(source, target)
    except OSError as exc:
        raise CheckError(
            f"{plain_text(source)} cannot be moved back to {plain_text(target)} ({exc.strerror or exc}). {n_back} "
            f"file(s) went back; the rest is in {aside}, and --undo goes on."
        ) from exc


def _remove_empty_folders(aside: Path) -> None:
    for folder, _, _ in os.walk(aside, topdown=False):
        with suppress(OSError):  # It is not empty.
            Path(folder).rmdir()
