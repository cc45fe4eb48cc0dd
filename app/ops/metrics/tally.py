"""Tally: where the application counts."""

from __future__ import annotations

import bisect
import os
import threading

from app.ops.metrics.catalogue import LOST, METRICS, Metric
from app.ops.metrics.region import NOBODY, Region, SharedRegions, private_region

EXTENSION = "which_park_tally"  # Where a Flask application keeps it.

_MAX_LABEL_CHARS = 100
_GAUGES = frozenset(metric.name for metric in METRICS if metric.kind == "gauge")


class Tally:
    """The numbers of one process, in memory of its own until it joins those that a master shares out.

    Thread safety: any number of threads may count; `_lock` guards the region.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._region = private_region()
        self._begin(self._region)
        self._shared: SharedRegions | None = None

    def join(self, shared: SharedRegions, number: int) -> None:
        """Counts in a shared region from now on, what was counted so far included."""
        with self._lock:
            region = shared[number]
            clear_gauges(region)
            self._begin(region)
            for name, labels, values in self._region.series():
                place = region.place_of(name, labels, len(values))
                for i, value in enumerate(values if place is not None else ()):
                    region.add((place or 0) + 8 * i, value)
            self._region, self._shared = region, shared

    def regions(self) -> list[Region]:
        """Those of all workers, as they are now."""
        return [self._region] if self._shared is None else self._shared.all()

    def count(self, metric: Metric, *labels: str) -> None:
        """One more, of a counter."""
        self._add(metric, labels, {0: 1.0})

    def put(self, metric: Metric, value: float, *labels: str) -> None:
        """What a gauge shows."""
        with self._lock:
            place = self._place(metric, labels)
            if place is not None:
                self._region.put(place, value)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """One value of a histogram or summary; a bucket holds values up to its bound, its bound included."""
        bucket = bisect.bisect_left(metric.buckets, value) if metric.kind == "histogram" else 0
        self._add(metric, labels, {bucket: 1.0, metric.n_values - 1: value})

    def clear(self, metric: Metric) -> None:
        """Every series of a gauge, to zero."""
        with self._lock:
            for name, labels, _ in list(self._region.series()):
                place = self._region.place_of(name, labels, 1) if name == metric.name else None
                if place is not None:
                    self._region.put(place, 0.0)

    @staticmethod
    def _begin(region: Region) -> None:
        region.pid = os.getpid()
        for metric in METRICS:  # Prometheus sees a counter rise only if it has seen it before.
            if metric.kind == "counter" and not metric.labels:
                region.place_of(metric.name, (), metric.n_values)

    def _add(self, metric: Metric, labels: tuple[str, ...], amounts: dict[int, float]) -> None:
        with self._lock:
            place = self._place(metric, labels)
            for i, amount in amounts.items() if place is not None else ():
                self._region.add((place or 0) + 8 * i, amount)

    def _place(self, metric: Metric, labels: tuple[str, ...]) -> int | None:
        cut = tuple(label[:_MAX_LABEL_CHARS] for label in labels)
        place = self._region.place_of(metric.name, cut, metric.n_values)
        if place is None and (lost := self._region.place_of(LOST.name, (), 1)) is not None:
            self._region.add(lost, 1.0)
        return place


def leave(region: Region) -> None:
    """After the death of who has counted there."""
    clear_gauges(region)
    region.pid = NOBODY


def clear_gauges(region: Region) -> None:
    """What only rises stays."""
    for name, labels, values in list(region.series()):
        if name in _GAUGES and (place := region.place_of(name, labels, len(values))) is not None:
            region.put(place, 0.0)


def tally_of(application: object) -> Tally | None:
    """Where an application counts; None if it is not ours."""
    found = getattr(application, "extensions", {}).get(EXTENSION)
    return found if isinstance(found, Tally) else None
