"""What all workers counted, as text for Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from app.ops.metrics.catalogue import MEMORY, METRICS, MODEL, REFUSED_BUNDLE, WORKERS, Metric
from app.ops.metrics.region import Region

Sums = dict[tuple[str, ...], list[float]]


def exposition(regions: Sequence[Region], accept: str) -> tuple[bytes, str]:
    """The text and its Content-Type, in the format that `accept`, a header, asks for.

    prometheus_client writes it. It is imported by the first who asks: it would be half of a worker's time to start.
    """
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry()
    registry.register(_Collector(regions))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Collector:
    """What prometheus_client asks for its metrics."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self._regions = regions

    def collect(self) -> Iterator[Any]:
        """Every metric of the catalogue, those without a number yet included."""
        sums = {**summed(self._regions), **_of_processes(self._regions)}
        for metric in METRICS:
            yield _family(metric, sums.get(metric.name, {}))


def summed(regions: Iterable[Region]) -> dict[str, Sums]:
    """By name and labels, the numbers of all regions together."""
    sums: dict[str, Sums] = {}
    for region in regions:
        for name, labels, values in region.series():
            so_far = sums.setdefault(name, {}).setdefault(labels, [0.0] * len(values))
            so_far[:] = [a + b for a, b in zip(so_far, values, strict=True)]
    return sums


def _of_processes(regions: Sequence[Region]) -> dict[str, Sums]:
    """What is asked of the system when somebody wants to know: who lives, and their memory."""
    resident: Sums = {(str(i),): [_resident_bytes(region.pid)] for i, region in enumerate(regions)}
    alive: Sums = {worker: values for worker, values in resident.items() if values[0]}
    return {MEMORY.name: alive, WORKERS.name: {(): [float(len(alive))]}}


def _resident_bytes(pid: int) -> float:
    """0 for a process that is gone. Source: proc_pid_statm(5), the second number, in pages."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def _family(metric: Metric, sums: Sums) -> Any:
    from prometheus_client import core

    kind: Any = {
        "counter": core.CounterMetricFamily,
        "gauge": core.GaugeMetricFamily,
        "summary": core.SummaryMetricFamily,
        "histogram": core.HistogramMetricFamily,
    }[metric.kind]
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, values in sorted(sums.items()):
        if metric.kind == "histogram":
            family.add_metric(labels, _buckets(metric, values), values[-1])
        elif metric not in (MODEL, REFUSED_BUNDLE) or values[0]:  # A model that nobody serves any more is none.
            family.add_metric(labels, *values)
    return family


def _buckets(metric: Metric, values: list[float]) -> list[tuple[str, float]]:
    """Prometheus's buckets hold what is in the smaller ones too."""
    bounds = [*(f"{bound:g}" for bound in metric.buckets), "+Inf"]
    return [(bound, sum(values[: i + 1])) for i, bound in enumerate(bounds)]
