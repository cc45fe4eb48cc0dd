"""A run, its workers faked: what is written when, and what becomes of photos that no worker brings back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.batch.backlog import Backlog
from app.batch.destination import Destination
from app.batch.errors import ClusterError, UnreadableError
from app.batch.finished import PathSet
from app.batch.progress import Progress
from app.batch.rows import row_of_error, table_of
from app.batch.run import Look, Pace, Recorder, run
from app.batch.source import Found
from app.errors import DamagedImageError, WhichParkError
from app.vision.card import Card

Say = Callable[[str], WhichParkError]


class FakeWorkers:
    """Say something of every photo; those that `kill` them are never brought back, nor is what came with them."""

    def __init__(self, card: Card, say: Say = DamagedImageError, kill: Sequence[str] = (), twice: bool = False) -> None:
        self.card, self.say, self.kill, self.twice = card, say, kill, twice
        self.asked: list[tuple[list[str], bool]] = []

    def __call__(self, blocks: Sequence[pa.Table], *, alone: bool) -> Iterator[pa.Table]:
        for block in blocks:
            paths = block["path"].to_pylist()
            self.asked.append((paths, alone))
            for _ in range(2 if self.twice else 1):
                if not set(paths) & set(self.kill):
                    yield table_of([row_of_error(path, self.say(path), self.card) for path in paths], self.card)


@pytest.fixture
def go(tmp_path: Path, destination: Destination, card: Card) -> Callable[..., Recorder]:
    """Runs over photos called /0, /1, …"""

    def _go(n_photos: int, look: Look, pace: Pace | None = None) -> Recorder:
        backlog = Backlog(tmp_path / "backlog.arrow")
        backlog.fill((Found(f"/{number}") for number in range(n_photos)), destination.finished())
        pace = pace or Pace(batch=2)
        recorder = Recorder(destination, Progress(backlog.n_photos), pace)
        run(backlog, look, card, recorder, pace)
        return recorder

    return _go


def table(destination: Destination) -> list[tuple[str, str]]:
    rows = pq.read_table(destination.path)
    return sorted(zip(rows["path"].to_pylist(), rows["status"].to_pylist(), strict=True))


def test_every_photo_has_one_row(go: Callable[..., Recorder], destination: Destination, card: Card) -> None:
    workers = FakeWorkers(card)
    assert go(5, workers).tally == {"damaged_image": 5}
    assert table(destination) == [(f"/{number}", "damaged_image") for number in range(5)]
    assert workers.asked == [(["/0", "/1"], False), (["/2", "/3"], False), (["/4"], False)]


def test_the_next_run_looks_at_the_rest_alone(
    go: Callable[..., Recorder], destination: Destination, card: Card
) -> None:
    go(3, FakeWorkers(card))
    workers = FakeWorkers(card)
    go(5, workers)
    assert workers.asked == [(["/3", "/4"], False)]
    assert len(table(destination)) == 5


def test_parts_are_written_by_rows(go: Callable[..., Recorder], destination: Destination, card: Card) -> None:
    go(7, FakeWorkers(card), Pace(batch=1, part_rows=3))
    assert [len(pq.read_table(part)) for part in destination.parts] == [3, 3, 1]


def test_parts_are_written_by_time(go: Callable[..., Recorder], destination: Destination, card: Card) -> None:
    go(3, FakeWorkers(card), Pace(batch=1, part_s=0))
    assert len(destination.parts) == 3


def test_what_comes_twice_is_written_once(go: Callable[..., Recorder], destination: Destination, card: Card) -> None:
    go(5, FakeWorkers(card, twice=True))
    assert len(table(destination)) == 5


def test_a_photo_that_ends_its_worker_has_a_row_and_its_neighbours_a_second_chance(
    go: Callable[..., Recorder], destination: Destination, card: Card
) -> None:
    workers = FakeWorkers(card, kill=["/2"])
    go(5, workers)
    assert dict(table(destination)) == {
        f"/{number}": "worker_died" if number == 2 else "damaged_image" for number in range(5)
    }
    assert workers.asked[-2:] == [(["/2"], True), (["/3"], True)]


def test_whatever_ends_a_run_what_was_done_is_written(
    go: Callable[..., Recorder], destination: Destination, card: Card
) -> None:
    def look(blocks: Sequence[pa.Table], *, alone: bool) -> Iterator[pa.Table]:
        yield from FakeWorkers(card)(blocks[:2], alone=alone)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(9, look)
    assert [path for path, _ in table(destination)] == ["/0", "/1", "/2", "/3"]


@pytest.mark.parametrize(("n_photos", "is_refused"), [(29, False), (30, True), (31, True)])
def test_where_no_photo_can_be_had_none_is_recorded(
    go: Callable[..., Recorder], destination: Destination, card: Card, n_photos: int, is_refused: bool
) -> None:
    if not is_refused:
        go(n_photos, FakeWorkers(card, UnreadableError))
        return
    with pytest.raises(ClusterError, match=rf"Not one of the first {n_photos} photos.*/\d+ Does every machine"):
        go(n_photos, FakeWorkers(card, UnreadableError))
    assert destination.parts == []


def test_a_few_that_cannot_be_had_are_recorded(
    go: Callable[..., Recorder], destination: Destination, card: Card
) -> None:
    def say(path: str) -> WhichParkError:
        return DamagedImageError("damaged") if path == "/7" else UnreadableError("away")

    assert go(40, FakeWorkers(card, say)).tally == {"unreadable": 39, "damaged_image": 1}


def test_a_log_has_a_line_a_part(go: Callable[..., Recorder], card: Card, capsys: pytest.CaptureFixture[str]) -> None:
    go(4, FakeWorkers(card), Pace(batch=2, part_rows=2))
    said = capsys.readouterr().err
    assert "2 of 4 photos, " in said and "4 of 4 photos, " in said and "min left" in said


def test_nothing_to_do_is_nothing_done(go: Callable[..., Recorder], destination: Destination, card: Card) -> None:
    assert go(0, FakeWorkers(card)).tally == {}
    assert destination.parts == [] and len(PathSet([])) == 0
