"""What must stay together."""

from __future__ import annotations

import random

import pytest

from tests.training.splitting.photo_rows import FLAT, row, structured_hash
from training.data import PhotoRow
from training.splitting.grouping import grouped_rows

LOOK = structured_hash(1)


def groups(*rows: PhotoRow) -> list[str]:
    return [row.group for row in grouped_rows(rows, 6)]


def test_photos_that_have_nothing_in_common_are_groups_of_their_source() -> None:
    assert groups(row("cats/anna__1.jpg"), row("cats/anna__2.jpg"), row("dogs/ben__1.jpg")) == ["anna", "anna", "ben"]


@pytest.mark.parametrize(("flips", "joined"), [(0, True), (6, True), (7, False)])
def test_near_duplicates_join_their_sources(flips: int, joined: bool) -> None:
    near = structured_hash(1, *range(flips))
    found = groups(row("cats/ben__1.jpg", look=LOOK), row("cats/anna__1.jpg", look=near), row("cats/anna__2.jpg"))
    assert found == (["anna"] * 3 if joined else ["ben", "anna", "anna"])


def test_the_same_file_under_two_names_is_one_group() -> None:
    assert groups(row("cats/anna__1.jpg", content="x"), row("dogs/ben__1.jpg", content="x")) == ["anna", "anna"]


def test_groups_are_joined_through_others() -> None:
    chain = [
        row("cats/dora__1.jpg", content="x"),
        row("cats/cleo__1.jpg", content="x", look=structured_hash(2)),
        row("cats/cleo__2.jpg", look=LOOK),
        row("cats/ben__1.jpg", look=structured_hash(1, 0)),
    ]
    assert groups(*chain, row("cats/anna__1.jpg")) == ["ben"] * 4 + ["anna"]


def test_pictures_of_one_colour_look_like_no_other() -> None:
    assert groups(row("cats/anna__1.jpg", look=FLAT), row("dogs/ben__1.jpg", look=FLAT)) == ["anna", "ben"]
    assert groups(row("cats/anna__1.jpg", look=FLAT), row("dogs/ben__1.jpg", look=FLAT | 1)) == ["anna", "ben"]


def test_the_same_file_of_one_colour_is_one_group() -> None:
    first, second = row("a/anna__1.jpg", look=FLAT, content="x"), row("b/ben__1.jpg", look=FLAT, content="x")
    assert groups(first, second) == ["anna", "anna"]


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = [row(f"cats/source-{n % 7}__{n}.jpg", look=structured_hash(n % 11, n % 5)) for n in range(40)]
    expected = {row.path: row.group for row in grouped_rows(rows, 6)}
    for seed in range(3):
        shuffled = random.Random(seed).sample(rows, len(rows))
        assert {row.path: row.group for row in grouped_rows(shuffled, 6)} == expected
