"""Memory in which one process counts, and others read."""

from __future__ import annotations

import os

import pytest

from app.ops.metrics.region import REGION_BYTES, Region, SharedRegions, private_region


def first(region: Region, name: str, *labels: str, n_values: int = 1) -> int:
    place = region.place_of(name, labels, n_values)
    assert place is not None
    return place


def test_a_series_begins_with_zeros_and_is_found_again() -> None:
    region = private_region()
    place = first(region, "a", "x", n_values=3)
    region.add(place + 8, 2.5)
    assert first(region, "a", "x", n_values=3) == place
    assert list(region.series()) == [("a", ("x",), [0.0, 2.5, 0.0])]


@pytest.mark.parametrize("label", ["", "x" * 100, 'a"b\\c', "Kings Canyon – ›", "a\nb", "é" * 33])
def test_labels_of_any_text_come_back(label: str) -> None:
    region = private_region()
    region.put(first(region, "a", label), 1.0)
    region.put(first(region, "b"), 2.0)
    assert list(region.series()) == [("a", (label,), [1.0]), ("b", (), [2.0])]


def test_labels_that_look_alike_together_are_two_series() -> None:
    region = private_region()
    assert first(region, "a", "x", "y") != first(region, "a", "xy", "")


def test_who_comes_later_sees_and_goes_on_with_what_is_there() -> None:
    memory = memoryview(bytearray(1024))
    before = Region(memory)
    before.put(first(before, "a"), 3.0)
    after = Region(memory)
    after.add(first(after, "a"), 1.0)
    assert list(before.series()) == [("a", (), [4.0])]


def test_without_room_there_is_no_place_and_what_is_there_stays() -> None:
    region = Region(memoryview(bytearray(80)))
    place = first(region, "a")
    region.put(place, 1.0)
    assert region.place_of("b" * 100, (), 1) is None
    assert region.place_of("a", (), 1) == place
    assert list(region.series()) == [("a", (), [1.0])]


def test_a_series_that_just_fits_has_a_place() -> None:
    size = 16 + 8 + 8 + 8  # Header, lengths, the key ["a"] with its padding, one number.
    assert Region(memoryview(bytearray(size))).place_of("a", (), 1) is not None
    assert Region(memoryview(bytearray(size - 1))).place_of("a", (), 1) is None


def test_a_workers_numbers_are_seen_by_another_and_outlive_it() -> None:
    shared = SharedRegions(2)
    number = shared.claim()
    assert number is not None
    child = os.fork()
    if child == 0:  # Nothing of pytest's may happen in the child.
        region = shared[number]
        region.pid = os.getpid()
        region.put(first(region, "a"), 7.0)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    [region] = shared.all()
    assert (region.pid, list(region.series())) == (child, [("a", (), [7.0])])


def test_each_worker_has_a_region_as_long_as_there_are_some() -> None:
    shared = SharedRegions(2)
    assert (shared.claim(), shared.claim(), shared.claim()) == (0, 1, None)
    shared.free(0)
    assert shared.claim() == 0


def test_the_room_is_enough_for_many_labels() -> None:
    region = private_region()
    for i in range(1000):
        first(region, "whichpark_verdicts_total", "match", f"a-national-park-{i}")
    assert region._used < REGION_BYTES / 2
