"""What a worker does: bytes -> the server's own predictor -> rows."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from app.batch.rows import row_of, row_of_error, table_of
from app.batch.shipped_bundle import ShippedBundle
from app.batch.source import Source
from app.errors import EmptyPhotoError, WhichParkError
from app.inference.cpu_runtime import CpuRuntime
from app.inference.network_queue import NetworkQueue
from app.inference.predictor import Predictor
from app.vision.limits import ImageLimits

_log = logging.getLogger(__name__)

# A photo waits for its own worker's threads alone, each of which has one photo.
_MAX_WAIT_S = 3_600.0


@dataclass(frozen=True)
class WorkerLimits:
    """What a photo may cost, as the server has it; `threads` are the photos that a worker reads and decodes at once."""

    images: ImageLimits
    max_photo_bytes: int
    max_decoding_bytes: int
    threads: int


class PhotoWorker:
    """Looks at photos with one thread of the network. Loads the bundle once.

    Thread safety: one thread calls it; those that it starts share the predictor, which may be shared.
    """

    def __init__(self, shipped: ShippedBundle, source: Source, limits: WorkerLimits) -> None:
        """Loads and warms up the predictor.

        Raises:
            BundleError: it cannot be served.
        """
        self._source, self._limits = source, limits
        with shipped.unpacked() as bundle:
            self._card = bundle.card
            self._predictor = Predictor(
                bundle,
                NetworkQueue(CpuRuntime(bundle, 1), limits.threads, _MAX_WAIT_S),
                limits.images,
                max_wait_s=_MAX_WAIT_S,
                max_decoding_bytes=limits.max_decoding_bytes,
            )
            self._predictor.warm_up()
        self._threads = ThreadPoolExecutor(limits.threads)

    def __call__(self, found: pa.Table) -> pa.Table:
        """The rows of the photos of a table of FOUND, in its order."""
        rows = self._threads.map(self._look, found["path"].to_pylist(), found["n_bytes"].to_pylist())
        return table_of(list(rows), self._card)

    def _look(self, path: str, n_bytes: int | None) -> dict[str, Any]:
        try:
            data = self._source.read(path, n_bytes, self._limits.max_photo_bytes)
            if not data:
                raise EmptyPhotoError("The photo is empty: it has not a single byte.")
            return row_of(path, self._predictor.predict(data).classification, self._card)
        except WhichParkError as error:
            return row_of_error(path, error, self._card)
        except Exception as exc:  # A bug of ours, as a 500 is; one photo is not worth the run.
            _log.exception("a photo failed")
            return row_of_error(path, WhichParkError(f"A bug: {exc!r}"), self._card)
