"""The file of the parks: what is wrong with it is told, and the trainer reads the same one."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.download.errors import ParksFileError
from training.download.parks import Park, read_parks

GOOD = """
cats:
  name: Cats
  download:
    commons: [Cats, Kittens]
    openverse: cat
dogs:
  download: {nps: dogs, nps_words: [poodle], nps_other_words: [wolf]}
other:
  name: None of these
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "parks.yaml"
    path.write_text(GOOD)
    return path


def test_labels_with_a_download_table_are_read_in_their_order(path: Path) -> None:
    assert read_parks(path) == [
        Park("cats", commons=("Cats", "Kittens"), openverse="cat"),
        Park("dogs", nps="dogs", nps_words=("poodle",), nps_other_words=("wolf",)),
    ]
    assert [park.label for park in read_parks(path, ["dogs"])] == ["dogs"]


@pytest.mark.parametrize("only", ["birds", "other"])
def test_a_label_that_is_not_there_is_told_with_those_that_are(path: Path, only: str) -> None:
    with pytest.raises(ParksFileError, match=f"nothing to download for {only}. It has: cats, dogs"):
        read_parks(path, ["cats", only])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- cats",
        "cats: 1",
        "cats: {name: Cats}",
        "cats: [unclosed",
        "../cats: {download: {nps: a}}",
        "Big Cats: {download: {nps: a}}",
        "1: {download: {nps: a}}",
        "cats: {download: commons}",
        "cats: {download: {}}\ndogs: {download: {comons: [a]}}",
        "cats: {download: {commons: Cats}}",
        "cats: {download: {commons: [1]}}",
        "cats: {download: {commons: ['']}}",
        "cats: {download: {nps: 5}}",
    ],
)
def test_a_file_without_sense_is_refused(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(ParksFileError, match=r"parks\.yaml"):
        read_parks(path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParksFileError, match="cannot be read"):
        read_parks(tmp_path / "nowhere.yaml")


@pytest.mark.slow
def test_where_photos_are_downloaded_is_no_fact_of_a_label(path: Path) -> None:
    from training.bundles.new_card import read_label_facts

    assert read_label_facts(path) == {"cats": {"name": "Cats"}, "dogs": {}, "other": {"name": "None of these"}}
