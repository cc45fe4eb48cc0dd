"""`python -m app.batch SRC DEST.parquet`: the only place where the parts of a run are joined."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

from app.batch.backlog import Backlog
from app.batch.cluster import cluster_ray, local_ray, make_pool
from app.batch.destination import Begun, Destination, opened
from app.batch.errors import DestinationError, SourceError
from app.batch.options import parse
from app.batch.progress import Progress
from app.batch.run import Pace, Recorder, run
from app.batch.shipped_bundle import ShippedBundle, ship
from app.batch.source import Source, is_address, open_source
from app.batch.worker import PhotoWorker, WorkerLimits
from app.config import Settings
from app.errors import WhichParkError
from app.factory import image_limits
from app.vision.bundle import CARD, ModelBundle, file_sha256, read_bundle, read_current_bundle

_EXPECTED_FAILURE = 2
_INTERRUPTED = 130  # As shells say it: 128 and the number of SIGINT.
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_VERDICTS = ("match", "unsure", "unknown")


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit code, see `--help`."""
    options = parse(arguments)
    try:
        with _terminated_as_interrupted():
            return _run(options, Settings.from_environ(os.environ))
    except WhichParkError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return _EXPECTED_FAILURE
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        print(f"error: {error}. Make room on the disk; the same command goes on from there.", file=sys.stderr)
        return _EXPECTED_FAILURE
    except KeyboardInterrupt:
        print("stopped; the same command goes on from there", file=sys.stderr)
        return _INTERRUPTED


def _run(options: argparse.Namespace, settings: Settings) -> int:
    source = open_source(options.source, is_list=options.list)
    bundle = _bundle(options, settings)
    limits = WorkerLimits(
        image_limits(settings), settings.max_upload_bytes, settings.max_decoding_bytes, options.threads
    )
    shipped = ship(bundle)
    PhotoWorker(shipped, source, limits)  # A bundle that cannot be used is found out here, and told in a line.
    begun = Begun(source.shown, bundle.card.folder_name, file_sha256(bundle.path / CARD))
    with (
        opened(_destination(options.destination), begun, may_mix=options.mix_bundles) as destination,
        tempfile.TemporaryDirectory(prefix="which-park-backlog-") as folder,
    ):
        if options.retry:
            destination.forget_failed()
        backlog = _list(source, destination, Backlog(Path(folder) / "backlog.arrow"))
        if backlog.n_photos:
            _look(options, backlog, destination, bundle, shipped, source, limits)
        return _sum_up(destination)


def _list(source: Source, destination: Destination, backlog: Backlog) -> Backlog:
    backlog.fill(source.find(str(destination.path)), destination.finished())
    if not backlog.n_photos + backlog.n_done_before:
        raise SourceError(f"There is no photo in {source.shown}: not a single file that is not hidden.")
    print(f"{backlog.n_photos:,} photos to look at, {backlog.n_done_before:,} are done", file=sys.stderr)
    return backlog


def _look(
    options: argparse.Namespace,
    backlog: Backlog,
    destination: Destination,
    bundle: ModelBundle,
    shipped: ShippedBundle,
    source: Source,
    limits: WorkerLimits,
) -> None:
    pace = Pace(options.batch, options.part_rows, options.part_s)
    with cluster_ray(options.ray) if options.ray else local_ray(options.workers):
        pool = make_pool(shipped, source, limits, options.workers)
        with closing(Progress(backlog.n_photos)) as progress:
            recorder = Recorder(destination, progress, pace)
            run(backlog, pool.look, bundle.card, recorder, pace)
        print(f"{progress.n_done:,} photos in {progress.spent_s:.1f} s, {progress.per_s:.1f} a second", file=sys.stderr)


def _bundle(options: argparse.Namespace, settings: Settings) -> ModelBundle:
    if options.bundle:
        return read_bundle(options.bundle.absolute())
    return read_current_bundle(options.models or settings.models_dir)


def _destination(text: str) -> Path:
    if is_address(text):
        raise DestinationError(f"DEST must be a folder of this machine, got {text}. Copy it there when it is whole.")
    return Path(text).absolute()


def _sum_up(destination: Destination) -> int:
    tally = destination.tally()
    failed = Counter({status: n for status, n in tally.items() if status not in _VERDICTS})
    verdicts = ", ".join(f"{tally[verdict]:,} {verdict}" for verdict in _VERDICTS)
    print(f"{tally.total():,} photos in {destination.path}: {verdicts}, {failed.total():,} without a verdict")
    for status, n_photos in failed.most_common():
        print(f"    {n_photos:,} {status}")
    return 1 if failed else 0


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Lets SIGTERM, with which machines are shut down, do what Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
