"""Work in several processes: in order, whatever one item does to its process."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from training.check.processes import results_in_order


def work(item: str) -> str:
    if item == "crash":
        os._exit(1)
    if item == "hang":
        threading.Event().wait()
    return f"{item} by {os.getpid()}"


def done(items: list[str], n_workers: int, max_item_s: float = 60.0) -> list[str | None]:
    results = results_in_order(work, items, n_workers=n_workers, max_item_s=max_item_s)
    return [result and result.partition(" by ")[0] for result in results]


@pytest.mark.parametrize("n_workers", [0, 1, 3])
def test_results_come_in_the_order_of_the_items(n_workers: int) -> None:
    items = [str(number) for number in range(20)]
    assert done(items, n_workers) == items


def test_no_items_have_no_results() -> None:
    assert done([], 2) == []


def test_only_the_item_that_crashes_its_process_has_no_result() -> None:
    assert done(["a", "crash", "b", "crash", "crash", "c"], 2) == ["a", None, "b", None, None, "c"]


def test_an_item_that_hangs_is_given_up() -> None:
    assert done(["a", "hang", "b"], 1, max_item_s=0.5) == ["a", None, "b"]


def test_a_worker_is_another_process_that_does_many_items() -> None:
    results = list(results_in_order(work, ["a", "b", "c"], n_workers=1, max_item_s=60.0))
    [process] = {str(result).partition(" by ")[2] for result in results}
    assert process != str(os.getpid())


def test_left_early_no_process_stays(tmp_path: Path) -> None:
    results = results_in_order(work, ["a"] * 50, n_workers=1, max_item_s=60.0)
    process = int(str(next(results)).partition(" by ")[2])
    results.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_worker_that_cannot_start_is_no_fault_of_an_item() -> None:
    with pytest.raises(RuntimeError, match="could not be started"):
        list(results_in_order(Unpicklable(), ["a"], n_workers=1, max_item_s=60.0))


class Unpicklable:
    """Sent to another process, it cannot be made there."""

    def __call__(self, item: str) -> str:
        return item

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return int, ("no number",)
