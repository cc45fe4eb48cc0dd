"""Titles that surely show something else."""

from __future__ import annotations

import pytest

from training.download.commons_titles import is_denied_category, is_denied_file


@pytest.mark.parametrize(
    ("title", "is_denied"),
    [
        ("Category:Maps of Yosemite National Park", True),
        ("Category:Yosemite National Park in art", True),
        ("Category:People of Zion National Park", True),
        ("Category:Birds of Everglades National Park", True),
        ("Category:Acadia National Park visitor centers", True),
        ("Category:Half Dome", False),
        ("Category:Waterfalls of Yosemite National Park", False),
        ("Category:Painted Desert (Arizona)", False),
        ("Category:Party Rock", False),
        ("Category:Bear Lake (Colorado)", False),
    ],
)
def test_some_categories_are_not_walked(title: str, is_denied: bool) -> None:
    assert is_denied_category(title) is is_denied


@pytest.mark.parametrize(
    ("title", "is_denied"),
    [
        ("Yosemite map 1912.jpg", True),
        ("NPS yosemite-locator_map.jpg", True),
        ("HABS CAL,22-YOSEM.jpg", True),
        ("Half Dome from Glacier Point.jpg", False),
        ("Painted Hills.jpg", False),
        ("Maple leaves at Zion.jpg", False),
    ],
)
def test_some_files_are_not_wanted(title: str, is_denied: bool) -> None:
    assert is_denied_file(title) is is_denied
