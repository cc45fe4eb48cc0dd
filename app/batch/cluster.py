"""Ray: a machine or many of them, and the pool of workers on it."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
import ray.data
from ray.util.annotations import RayDeprecationWarning

from app.batch.errors import ClusterError
from app.batch.shipped_bundle import ShippedBundle
from app.batch.source import Source
from app.batch.worker import PhotoWorker, WorkerLimits

_PACKAGE = Path(__file__).resolve().parent.parent
# What lies in Ray's store: the bundle, and the paths and rows that are on their way.
_STORE_BYTES = 256_000_000
# A worker that ends while it looks at photos is started again, and looks at them once more; then they are given up.
_TRIES_MORE = 1
_REACH_S = 5.0


class RemoteWorker(PhotoWorker):
    """A worker that fetches its bundle from Ray's store, where it lies once a machine."""

    def __init__(self, shipped: Any, source: Source, limits: WorkerLimits) -> None:
        super().__init__(ray.get(shipped), source, limits)


@dataclass(frozen=True)
class Pool:
    """What the workers of a run are made of. `shipped` is a reference into Ray's store."""

    worker: type[PhotoWorker]
    shipped: Any
    source: Source
    limits: WorkerLimits
    n_workers: int

    def look(self, blocks: Sequence[pa.Table], *, alone: bool) -> Iterator[pa.Table]:
        """The rows of some photos, table by table as they are ready.

        Each of `blocks`, tables of FOUND, goes to a worker as a whole. The rows of a block are left out if every worker
        that had it ended. A machine that goes costs the blocks of its workers their time; others take them over.

        Args:
            alone: whether a worker has one block at a time, and no next one that would be lost with it.
        Raises:
            ClusterError: no worker could be started.
        """
        try:
            rows = self._rows(ray.data.from_arrow(list(blocks)), n_queued=1 if alone else 2)
            yield from rows.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)
        except (ray.exceptions.RayError, RuntimeError, TimeoutError) as exc:
            raise ClusterError(f"Ray's workers cannot work: {_first_line(exc)}") from exc

    def _rows(self, found: Any, n_queued: int) -> Any:
        with warnings.catch_warnings():
            # Of Ray 2.60, for the last two arguments, which nothing else takes: without them Ray tries for ever.
            warnings.simplefilter("ignore", RayDeprecationWarning)
            return found.map_batches(
                self.worker,
                fn_constructor_args=(self.shipped, self.source, self.limits),
                batch_size=None,
                batch_format="pyarrow",
                compute=ray.data.ActorPoolStrategy(
                    min_size=1,
                    max_size=self.n_workers,
                    initial_size=self.n_workers,
                    max_tasks_in_flight_per_actor=n_queued,
                ),
                num_cpus=1,
                max_restarts=-1,
                max_task_retries=_TRIES_MORE,
            )


def make_pool(
    shipped: ShippedBundle,
    source: Source,
    limits: WorkerLimits,
    n_workers: int,
    worker: type[PhotoWorker] = RemoteWorker,
) -> Pool:
    """The pool of a run, once Ray is there; 0 workers: as many as the cluster has processors."""
    return Pool(worker, ray.put(shipped), source, limits, n_workers or int(ray.cluster_resources().get("CPU", 1)))


@contextmanager
def local_ray(n_workers: int) -> Iterator[None]:
    """Ray on this machine alone, with room for so many workers, 0: one a processor; it ends and leaves nothing."""
    folder = tempfile.mkdtemp(prefix="which-park-ray-")
    try:
        with _started(
            num_cpus=n_workers or len(os.sched_getaffinity(0)), object_store_memory=_STORE_BYTES,
            include_dashboard=False, _temp_dir=folder,
        ):  # fmt: skip
            yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def cluster_ray(address: str) -> Iterator[None]:
    """The cluster at an address, HOST:PORT or "auto"; it gets this application's code, and needs its libraries.

    Raises:
        ClusterError: there is none.
    """
    if address != "auto":
        _ensure_listens(address)
    with _started(address=address, runtime_env={"py_modules": [str(_PACKAGE)], "excludes": ["**/__pycache__"]}):
        yield


def _ensure_listens(address: str) -> None:
    """Finds out in seconds what Ray takes minutes for."""
    host, colon, port = address.rpartition(":")
    if not (colon and port.isascii() and port.isdigit()) or "/" in host:
        raise ClusterError(f"The address of a Ray cluster is HOST:PORT or auto, got {address}.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACH_S).close()
    except (OSError, OverflowError) as exc:
        raise ClusterError(
            f"The cluster at {address} cannot be reached: {exc}. Its head begins with: ray start --head --port {port}"
        ) from exc


@contextmanager
def _started(**options: Any) -> Iterator[None]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "240")  # A crowded machine takes longer than Ray waits.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # It says on the screen what it deals with by itself.
    try:
        ray.init(logging_level=logging.ERROR, log_to_driver=False, **options)
    except Exception as exc:  # Ray raises what comes, a bare Exception too.
        where = (
            f"The cluster at {options['address']} cannot be reached" if "address" in options else "Ray does not start"
        )
        raise ClusterError(f"{where}: {_first_line(exc)}") from exc
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.max_errored_blocks = -1  # What is missing in the end is looked at again, photo by photo.
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        yield
    finally:
        ray.shutdown()


def _first_line(exc: BaseException) -> str:
    return (str(exc).strip().splitlines() or [repr(exc)])[0]
