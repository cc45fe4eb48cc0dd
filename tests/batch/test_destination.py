"""DEST: made, gone on with, refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.batch.destination import MARKER, Begun, Destination, opened
from app.batch.errors import DestinationError
from tests.batch.conftest import BEGUN


def rows(*paths: str, status: str = "ok") -> pa.Table:
    n = len(paths)
    verdict = "match" if status == "ok" else None
    columns = {"path": list(paths), "status": [status] * n, "verdict": pa.array([verdict] * n, pa.string())}
    return pa.table(columns)


def open_and_close(path: Path, begun: Begun = BEGUN, *, may_mix: bool = False) -> None:
    with opened(path, begun, may_mix=may_mix):
        pass


def test_parts_are_one_table_for_whoever_reads_the_folder(destination: Destination) -> None:
    destination.add(rows("/a", "/b"))
    destination.add(rows("/c", status="damaged_image"))
    assert pq.read_table(destination.path)["path"].to_pylist() == ["/a", "/b", "/c"]
    assert destination.finished().has(["/a", "/c", "/d"]).tolist() == [True, True, False]
    assert destination.tally() == {"match": 2, "damaged_image": 1}


def test_parts_stay_in_order_past_any_number(destination: Destination) -> None:
    destination.add(rows("/a")).rename(destination.path / "part-999999.parquet")
    assert [destination.add(rows("/b")).name for _ in range(2)] == ["part-1000000.parquet", "part-1000001.parquet"]


def test_a_run_that_was_killed_while_it_wrote_leaves_nothing_half(tmp_path: Path) -> None:
    with opened(tmp_path / "t", BEGUN, may_mix=False) as destination:
        destination.add(rows("/a"))
        left = destination.path / ".part-000002.parquet.17"
        left.write_bytes(b"half")
    with opened(tmp_path / "t", BEGUN, may_mix=False) as destination:
        assert not left.exists()
        assert len(destination.finished()) == 1


def test_photos_without_a_verdict_can_be_forgotten(destination: Destination) -> None:
    destination.add(pa.concat_tables([rows("/a"), rows("/b", status="unreadable")]))
    destination.add(rows("/c", status="damaged_image"))
    assert destination.forget_failed() == 2
    assert pq.read_table(destination.path)["path"].to_pylist() == ["/a"]


def test_a_damaged_part_is_named(destination: Destination) -> None:
    destination.add(rows("/a")).write_bytes(b"PAR1 and no more")
    with pytest.raises(DestinationError, match=r"part-000001\.parquet cannot be read.*looks at its photos again"):
        destination.finished()


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(DestinationError, match="holds something else"):
        open_and_close(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").touch()
    with pytest.raises(DestinationError, match="is a file"):
        open_and_close(tmp_path / "t.parquet")


@pytest.mark.parametrize("place", ["gone/t.parquet", "file/t.parquet"])
def test_a_place_where_nothing_can_be_made_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DestinationError, match=r"There is no folder|cannot be made"):
        open_and_close(tmp_path / place)


def test_a_table_of_other_photos_is_refused(tmp_path: Path) -> None:
    open_and_close(tmp_path / "t")
    with pytest.raises(DestinationError, match="is the table of /photos; name another DEST for /other"):
        open_and_close(tmp_path / "t", dataclasses.replace(BEGUN, source="/other"))


@pytest.mark.parametrize("change", [{"bundle": "parks-8"}, {"card_sha256": "1" * 64}])
def test_another_bundle_goes_on_only_if_it_is_told(tmp_path: Path, change: dict[str, str]) -> None:
    other = dataclasses.replace(BEGUN, **change)
    open_and_close(tmp_path / "t")
    with pytest.raises(DestinationError, match=r"was begun with the bundle parks-7.*--mix-bundles"):
        open_and_close(tmp_path / "t", other)
    open_and_close(tmp_path / "t", other, may_mix=True)
    open_and_close(tmp_path / "t", other)  # From then on it is the one.


def test_two_runs_do_not_write_at_once(tmp_path: Path) -> None:
    with opened(tmp_path / "t", BEGUN, may_mix=False), pytest.raises(DestinationError, match="Another run writes"):
        open_and_close(tmp_path / "t")
    open_and_close(tmp_path / "t")


def test_a_run_that_was_killed_before_it_had_begun_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "_lock").touch()
    open_and_close(tmp_path / "t")


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"schema_version": 2})])
def test_a_marker_without_sense_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / MARKER).write_text(text)
    with pytest.raises(DestinationError, match="name another DEST"):
        open_and_close(tmp_path)
