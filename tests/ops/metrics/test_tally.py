"""Counting, in many threads and in memory that is shared."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.ops.metrics.catalogue import (
    BATCH_PHOTOS,
    CONFIDENCE,
    DECODE_SECONDS,
    LOADS,
    LOST,
    MODEL,
    QUEUED,
    REFUSED,
    Metric,
)
from app.ops.metrics.exposition import summed
from app.ops.metrics.region import SharedRegions
from app.ops.metrics.tally import Tally, leave


def values(tally: Tally, metric: Metric, *labels: str) -> list[float]:
    return summed(tally.regions()).get(metric.name, {}).get(labels, [])


def joined(shared: SharedRegions) -> Tally:
    tally = Tally()
    number = shared.claim()
    assert number is not None
    tally.join(shared, number)
    return tally


def test_threads_lose_no_count() -> None:
    tally = Tally()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: tally.count(REFUSED, f"code-{i % 3}"), range(3000)))
    assert [values(tally, REFUSED, f"code-{i}") for i in range(3)] == [[1000.0]] * 3


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.0, 0), (0.0019, 0), (0.002, 0), (0.0021, 1), (10.0, 11), (10.1, 12), (1e9, 12)]
)
def test_a_value_is_in_the_bucket_whose_bound_it_does_not_pass(seconds: float, bucket: int) -> None:
    tally = Tally()
    tally.observe(DECODE_SECONDS, seconds)
    counts = values(tally, DECODE_SECONDS)
    assert counts[-1] == seconds
    assert [i for i, count in enumerate(counts[:-1]) if count] == [bucket]


def test_a_summary_has_a_count_and_a_sum() -> None:
    tally = Tally()
    for value in (0.5, 0.75):
        tally.observe(CONFIDENCE, value, "yosemite")
    assert values(tally, CONFIDENCE, "yosemite") == [2.0, 1.25]


def test_the_totals_are_of_all_workers_whichever_is_asked() -> None:
    shared = SharedRegions(4)
    workers = [joined(shared) for _ in range(3)]
    for n, worker in enumerate(workers, start=1):
        for _ in range(n):
            worker.count(REFUSED, "damaged_image")
            worker.observe(BATCH_PHOTOS, 1.0)
    assert [values(worker, REFUSED, "damaged_image") for worker in workers] == [[6.0]] * 3
    assert {values(worker, BATCH_PHOTOS)[-1] for worker in workers} == {6.0}


def test_what_was_counted_before_a_worker_joined_is_kept() -> None:
    tally = Tally()
    tally.count(LOADS, "ok")
    tally.join(SharedRegions(1), 0)
    tally.count(LOADS, "ok")
    assert values(tally, LOADS, "ok") == [2.0]


def test_a_worker_goes_on_with_a_dead_ones_totals_and_not_with_its_gauges() -> None:
    shared = SharedRegions(1)
    dead = joined(shared)
    dead.count(REFUSED, "damaged_image")
    dead.put(QUEUED, 5.0)
    shared.free(0)
    successor = joined(shared)
    successor.count(REFUSED, "damaged_image")
    assert values(successor, REFUSED, "damaged_image") == [2.0]
    assert values(successor, QUEUED) == [0.0]


def test_the_gauges_of_the_dead_are_cleared() -> None:
    shared = SharedRegions(2)
    dead, alive = joined(shared), joined(shared)
    for worker in (dead, alive):
        worker.put(QUEUED, 5.0)
        worker.count(REFUSED, "damaged_image")
    leave(shared[0])
    assert values(alive, QUEUED) == [5.0]
    assert values(alive, REFUSED, "damaged_image") == [2.0]


def test_a_gauge_shows_what_was_put_last_and_can_be_cleared() -> None:
    tally = Tally()
    tally.put(MODEL, 1.0, "parks", "1", "fake")
    tally.put(MODEL, 1.0, "parks", "2", "fake")
    tally.put(QUEUED, 2.0)
    tally.clear(MODEL)
    assert values(tally, MODEL, "parks", "1", "fake") == values(tally, MODEL, "parks", "2", "fake") == [0.0]
    assert values(tally, QUEUED) == [2.0]


def test_labels_without_end_are_not_counted_without_end() -> None:
    tally = Tally()
    for i in range(5000):
        tally.count(REFUSED, f"{i:0100d}")
    [lost] = values(tally, LOST)
    assert 0 < lost == 5000 - len(summed(tally.regions())[REFUSED.name])
    tally.count(REFUSED, f"{0:0100d}")
    assert values(tally, REFUSED, f"{0:0100d}") == [2.0]


def test_a_label_is_cut_at_its_limit() -> None:
    tally = Tally()
    for n in (99, 100, 101):
        tally.count(REFUSED, "x" * n)
    assert values(tally, REFUSED, "x" * 99) == [1.0]
    assert values(tally, REFUSED, "x" * 100) == [2.0]
