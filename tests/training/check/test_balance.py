"""What labels lack."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.training.check.checked import checked
from training.check.balance import LabelCount, check_balance, count_labels
from training.check.limits import CheckLimits

LIMITS = CheckLimits(min_photos=20, min_sources=7, max_imbalance=10)
FINE = LabelCount("cats", 40, 40, 10)


def found(*counts: LabelCount, multi_label: bool = False) -> list[tuple[str, str | None]]:
    findings = check_balance(counts, LIMITS, multi_label=multi_label)
    return [(finding.kind, finding.label) for finding in findings]


def test_labels_in_balance_have_no_findings() -> None:
    assert found(FINE, replace(FINE, label="dogs")) == []


@pytest.mark.parametrize(("n", "kinds"), [(21, []), (20, []), (19, [("few_photos", "dogs")])])
def test_the_fewest_photos(n: int, kinds: list[tuple[str, str]]) -> None:
    assert found(FINE, LabelCount("dogs", 99, n, 10)) == kinds


@pytest.mark.parametrize(("n", "kinds"), [(8, []), (7, []), (6, [("few_sources", "dogs")])])
def test_the_fewest_sources(n: int, kinds: list[tuple[str, str]]) -> None:
    assert found(FINE, LabelCount("dogs", 40, 40, n)) == kinds


@pytest.mark.parametrize(("n", "kinds"), [(399, []), (400, []), (401, [("imbalance", "cats")])])
def test_the_largest_imbalance(n: int, kinds: list[tuple[str, str]]) -> None:
    assert found(FINE, LabelCount("dogs", n, n, 10)) == kinds


@pytest.mark.parametrize(
    ("n_labels", "multi_label", "is_found"), [(1, False, True), (2, False, False), (1, True, False)]
)
def test_the_fewest_labels(n_labels: int, multi_label: bool, is_found: bool) -> None:
    counts = [replace(FINE, label=name) for name in "ab"[:n_labels]]
    assert (found(*counts, multi_label=multi_label) == [("few_labels", None)]) is is_found


def test_a_label_of_one_photo_or_none_is_found_out_whatever_the_others() -> None:
    kinds = ["few_photos", "few_sources", "imbalance"]
    for n in (1, 0):
        assert found(FINE, LabelCount("dogs", 1, n, n)) == [(kind, "dogs") for kind in kinds]


def test_photos_that_cannot_be_opened_do_not_count() -> None:
    photos = [checked("cats/a__1.jpg", source="a"), checked("cats/a__2.jpg", source="a")]
    photos.append(checked("cats/b__1.jpg", source="b", problem="empty", perceptual_hash=None))
    assert count_labels(photos) == [LabelCount("cats", 3, 2, 1)]


def test_a_photo_counts_for_each_of_its_labels() -> None:
    photos = [checked("a.jpg", labels=("cone", "dog")), checked("b.jpg", labels=())]
    assert [(count.label, count.n_photos) for count in count_labels(photos)] == [("cone", 1), ("dog", 1)]
