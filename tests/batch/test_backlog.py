"""What is still to be looked at: each photo once, and none that is done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.batch.backlog import Backlog, blocks_of
from app.batch.finished import PathSet, first_mentions
from app.batch.source import Found


def fill(folder: Path, paths: list[str], done: list[str]) -> Backlog:
    backlog = Backlog(folder / "backlog.arrow")
    backlog.fill((Found(path, len(path)) for path in paths), PathSet(done))
    return backlog


def rounds(backlog: Backlog, n_photos: int = 10**6) -> list[list[str]]:
    return [table["path"].to_pylist() for table in backlog.rounds(n_photos)]


def test_what_is_done_is_left_out_and_what_comes_twice_comes_once(tmp_path: Path) -> None:
    backlog = fill(tmp_path, ["/a", "/b", "/a", "/c", "/b"], ["/b", "/gone"])
    assert rounds(backlog) == [["/a", "/c"]]
    assert (backlog.n_photos, backlog.n_done_before) == (2, 1)
    assert [table["n_bytes"].to_pylist() for table in backlog.rounds(9)] == [[2, 2]]


@pytest.mark.parametrize("done", [[], ["/a"]])
def test_nothing_is_left_where_nothing_is(tmp_path: Path, done: list[str]) -> None:
    assert rounds(fill(tmp_path, [], done)) == []
    assert rounds(fill(tmp_path, ["/a"], ["/a"])) == []


def test_many_photos_come_in_rounds(tmp_path: Path) -> None:
    paths = [f"/{number}" for number in range(25_000)]
    found = rounds(fill(tmp_path, paths, paths[:3]), 5_000)
    assert [len(some) for some in found] == [9_997, 10_000, 5_000]
    assert [path for some in found for path in some] == paths[3:]


def test_blocks_have_so_many_rows(tmp_path: Path) -> None:
    [table] = fill(tmp_path, ["/a", "/b", "/c"], []).rounds(9)
    assert [block["path"].to_pylist() for block in blocks_of(table, 2)] == [["/a", "/b"], ["/c"]]


def test_a_set_of_paths_has_those_and_no_others() -> None:
    paths = [f"/photos/{number}.jpg" for number in range(2_000)]
    known = PathSet(paths[::2] + paths[:10:2])
    assert len(known) == 1_000
    assert known.has(paths).tolist() == [number % 2 == 0 for number in range(2_000)]
    assert not PathSet([]).has(paths).any()


def test_first_mentions_are_the_first() -> None:
    assert np.array_equal(first_mentions(["a", "b", "a", "c", "b"]), [True, True, False, True, False])
