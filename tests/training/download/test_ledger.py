"""attribution.csv: whole rows alone, and what makes a second run go on."""

from __future__ import annotations

import csv
from dataclasses import fields, replace
from pathlib import Path

import pytest

from training.download.errors import LedgerError
from training.download.ledger import LEDGER, REFUSED, LedgerRow, RefusedRow, open_ledger

ROW = LedgerRow(
    file="yosemite/jane__commons-1.jpg",
    source_page="https://commons.wikimedia.org/wiki/File:A.jpg",
    author='Jane "J", Doe',
    licence="CC BY 4.0",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    sha256="ab",
    provider="commons",
    provider_id="1",
    title="Half Dome",
)


def test_what_was_added_is_known_to_the_next_run(tmp_path: Path) -> None:
    odd = replace(ROW, provider_id="2", sha256="cd", title="a\nb\r\n\u2028c\x1cd", author="x" * 9999, file="zion/b.jpg")
    with open_ledger(tmp_path / "photos") as ledger:
        assert not ledger.knows("commons", "1") and not ledger.has_bytes("ab")
        ledger.add(ROW)
        ledger.add(odd)
        ledger.refuse(RefusedRow("commons", "3", "damaged"))
        assert ledger.knows("commons", "1")
    with open_ledger(tmp_path / "photos") as ledger:
        assert all(ledger.knows("commons", number) for number in "123") and not ledger.knows("nps", "1")
        assert ledger.has_bytes("ab") and ledger.has_bytes("cd")
    rows = list(csv.DictReader((tmp_path / "photos" / LEDGER).read_text().splitlines()))
    assert list(rows[0]) == [field.name for field in fields(LedgerRow)]
    assert (rows[0]["author"], rows[1]["title"]) == ('Jane "J", Doe', "a b c d")


def test_a_photo_that_was_taken_away_is_known_but_not_counted(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.add(ROW)
        assert ledger.count("yosemite") == 1
    with open_ledger(tmp_path) as ledger:
        assert ledger.count("yosemite") == 0 and ledger.knows("commons", "1")


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_row_that_a_kill_tore_is_as_if_it_had_never_been(tmp_path: Path, cut: int) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.add(ROW)
        ledger.add(replace(ROW, provider_id="2"))
    path = tmp_path / LEDGER
    path.write_bytes(path.read_bytes()[:-cut])
    with open_ledger(tmp_path) as ledger:
        assert ledger.knows("commons", "1") and not ledger.knows("commons", "2")
        ledger.add(replace(ROW, provider_id="2"))
    with open_ledger(tmp_path) as ledger:
        assert ledger.knows("commons", "2")


def test_a_torn_header_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_text("file,sour")
    with open_ledger(tmp_path) as ledger:
        ledger.add(ROW)
    with open_ledger(tmp_path) as ledger:
        assert ledger.knows("commons", "1")


@pytest.mark.parametrize("text", ["photo,by\n", "file\n\n", 'a "b\n', "\xff\xfe\n"])
@pytest.mark.parametrize("name", [LEDGER, REFUSED])
def test_a_file_that_is_no_ledger_is_left_alone(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(LedgerError, match=name), open_ledger(tmp_path):
        pass
    assert path.read_bytes() == text.encode("latin-1")


def test_two_downloads_do_not_write_one_folder(tmp_path: Path) -> None:
    with open_ledger(tmp_path), pytest.raises(LedgerError, match="Another download"), open_ledger(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be written"), open_ledger(tmp_path / "file"):
        pass
