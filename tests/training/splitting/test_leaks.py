"""What is in two splits and must not be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.training.splitting.photo_rows import FLAT, row, structured_hash
from training.data import PhotoRow, split_by_group
from training.errors import LeakError
from training.splitting.grouping import grouped_rows
from training.splitting.leaks import check_leaks, ensure_no_leaks

LOOK = structured_hash(1)
NEAR = structured_hash(1, *range(6))

LEAKS = {
    "group": (row("cats/a__1.jpg", "train", joined="g"), row("cats/b__1.jpg", "test", joined="g")),
    "source": (row("cats/a__1.jpg", "train", joined="g"), row("cats/a__2.jpg", "valid", joined="h")),
    "file": (row("cats/a__1.jpg", "test", content="x"), row("cats/b__1.jpg", "valid", content="x", look=FLAT)),
    "look": (
        row("cats/a__1.jpg", "train", look=LOOK),
        row("cats/b__1.jpg", "test", look=NEAR),
    ),
}
WORDS = {"group": "one group", "source": "one source", "file": "the same file", "look": "look the same"}


@pytest.mark.parametrize("kind", LEAKS)
def test_each_kind_of_leak_is_found_alone_and_names_both_photos(kind: str) -> None:
    bystanders = [row("dogs/z__1.jpg", "train"), row("dogs/y__1.jpg", "valid")]
    [leak] = check_leaks([*bystanders, *LEAKS[kind]], 6)
    assert WORDS[kind] in leak.why
    assert {leak.first, leak.second} == {*LEAKS[kind]}


@pytest.mark.parametrize("kind", LEAKS)
def test_within_one_split_they_are_no_leak(kind: str) -> None:
    first, second = LEAKS[kind]
    assert check_leaks([first, replace(second, split=first.split)], 6) == []


def test_photos_that_differ_in_more_bits_are_no_leak() -> None:
    far = row("cats/b__1.jpg", "test", look=structured_hash(1, *range(7)))
    assert check_leaks([row("cats/a__1.jpg", "train", look=LOOK), far], 6) == []


def test_pictures_of_one_colour_are_no_leak() -> None:
    assert check_leaks([row("cats/a__1.jpg", "train", look=FLAT), row("cats/b__1.jpg", "test", look=FLAT)], 6) == []


def test_of_many_that_look_the_same_the_two_nearest_are_named() -> None:
    rows = [
        row("cats/a__1.jpg", "train", look=LOOK),
        row("cats/a__2.jpg", "train", look=structured_hash(1, *range(5))),
        row("cats/b__1.jpg", "test", look=NEAR),
    ]
    [leak] = check_leaks(rows, 6)
    assert {leak.first.path.name, leak.second.path.name} == {"a__2.jpg", "b__1.jpg"}


def test_a_leak_is_refused_with_both_names_and_their_splits() -> None:
    with pytest.raises(LeakError, match=r"m\.csv leaks: .*a__1\.jpg \(train\) and .*b__1\.jpg \(test\) look the same"):
        ensure_no_leaks(LEAKS["look"], 6, "m.csv")


def test_many_leaks_are_counted() -> None:
    rows: list[PhotoRow] = []
    for n in range(9):
        rows += [row(f"cats/a{n}__1.jpg", "train", content=str(n)), row(f"cats/b{n}__1.jpg", "test", content=str(n))]
    with pytest.raises(LeakError, match="; and 13 more"):  # Each pair is the same file and looks the same.
        ensure_no_leaks(rows, 6, "m.csv")


@pytest.mark.parametrize("seed", range(4))
def test_a_split_of_groups_never_leaks(seed: int) -> None:
    rows = [row(f"{'cats' if n % 2 else 'dogs'}/s{n % 31}__{n}.jpg", look=structured_hash(n % 110)) for n in range(120)]
    assert check_leaks(split_by_group(grouped_rows(rows, 6), n_folds=4, seed=seed), 6) == []
