"""The hunt: mutated files through the doors, one after the other, with what became of them kept and counted."""

from __future__ import annotations

import faulthandler
import gc
import hashlib
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.ops.memory import return_freed_memory
from tests.fuzz.corpus import draw_corpus
from tests.fuzz.doors import Door, carried_form, doors, photo_form, photo_json
from tests.fuzz.mutation import Mutator

DEADLINE_S = 10.0
# Caches fill and decoders are loaded in the first files; from then on memory should stay as it is.
_WARM_UP = 500
MOST_GROWTH_BYTES = 16_000_000

# Each file goes to the next door when all have had their turn: the file mutated, or what it is sent in.
_WAYS: tuple[tuple[str, Callable[[bytes, Callable[[bytes], bytes]], bytes]], ...] = (
    ("open", lambda photo, mutated: mutated(photo)),
    ("form", lambda photo, mutated: mutated(photo_form(photo))),
    ("page", lambda photo, mutated: mutated(photo_form(photo))),
    ("inside", lambda photo, mutated: mutated(carried_form(photo))),
    ("json", lambda photo, mutated: mutated(photo_json(photo))),
    ("raw", lambda photo, mutated: mutated(photo)),
    ("form", lambda photo, mutated: photo_form(mutated(photo))),
    ("open", lambda photo, mutated: mutated(photo)),
    ("json", lambda photo, mutated: photo_json(mutated(photo))),
    ("open", lambda photo, mutated: mutated(photo)),
)
_WEIGHTS = {"heic": 3, "avif": 2, "jpeg": 2}


@dataclass(frozen=True)
class Attempt:
    """One mutated file or body, the door it goes to, and the file of the corpus that it was."""

    door: str
    origin: str
    data: bytes

    @property
    def file_name(self) -> str:
        """Where it is kept if it does harm: the door, and what tells it from others."""
        return f"{self.door}-{hashlib.sha256(self.data).hexdigest()[:16]}.bin"


@dataclass
class Report:
    """What became of the attempts. `failures` are the files kept, each with what went wrong."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: dict[Path, str] = field(default_factory=dict)
    slowest: tuple[float, str] = (0.0, "")
    seconds: float = 0.0
    rss_bytes: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        lines = [f"{count:7} {outcome}" for outcome, count in sorted(self.outcomes.items())]
        start, end = (n_bytes / 1e6 for n_bytes in self.rss_bytes)
        slowest_s, slowest = self.slowest
        lines += [
            f"{self.outcomes.total()} files in {self.seconds:.0f} s; the slowest, {slowest}: {slowest_s:.2f} s",
            f"memory: {start:.1f} MB after the first {_WARM_UP}, {end:.1f} MB at the end",
            *(f"FAILED {path}: {what}" for path, what in self.failures.items()),
        ]
        return "\n".join(lines)


def attempts(n: int, seed: int) -> Iterator[Attempt]:
    """A third of them files for `open_image`, the others bodies of requests; the same seed gives the same ones."""
    corpus = draw_corpus()
    names = [name for name in corpus for _ in range(_WEIGHTS.get(name.partition("-")[0], 1))]
    mutated = Mutator(list(corpus.values()), seed).mutated
    for number in range(n):
        name = names[number % len(names)]
        door, make = _WAYS[number // len(names) % len(_WAYS)]
        yield Attempt(door, name, make(corpus[name], mutated))


def hunt(n: int, seed: int, failures: Path, every_door: dict[str, Door] | None = None) -> Report:
    """Throws `n` attempts at the doors. What fails is kept in the folder; what ends the process is there in-flight."""
    every_door, report, started = every_door or doors(), Report(), time.monotonic()
    failures.mkdir(parents=True, exist_ok=True)
    return_freed_memory()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of broken metadata: in production a line in the log.
        for number, attempt in enumerate(attempts(n, seed)):
            _try(attempt, every_door[attempt.door], failures, report)
            if number == min(_WARM_UP, n) - 1:
                report.rss_bytes = (_rss_bytes(), 0)
    report.seconds, report.rss_bytes = time.monotonic() - started, (report.rss_bytes[0], _rss_bytes())
    return report


def _try(attempt: Attempt, door: Door, failures: Path, report: Report) -> None:
    in_flight = failures / f"in-flight-{attempt.door}.bin"
    in_flight.write_bytes(attempt.data)
    faulthandler.dump_traceback_later(3 * DEADLINE_S, exit=True)
    started = time.monotonic()
    try:
        outcome, wrong = door(attempt.data), ""
    except Exception as exc:  # Whatever it is, it is what the hunt is for.
        outcome, wrong = f"FAILED {type(exc).__name__}", repr(exc)
    seconds = time.monotonic() - started
    faulthandler.cancel_dump_traceback_later()
    if seconds > DEADLINE_S:
        wrong = wrong or f"it took {seconds:.1f} s"
    if wrong:
        report.failures[in_flight.rename(failures / attempt.file_name)] = wrong
    else:
        in_flight.unlink()
    report.outcomes[f"{attempt.door}: {outcome}"] += 1
    report.slowest = max(report.slowest, (seconds, f"{attempt.door} of {attempt.origin}"))


def _rss_bytes() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096
