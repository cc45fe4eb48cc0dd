"""Values out of a provider's JSON."""

from __future__ import annotations

from typing import Any

import pytest

from training.download.answers import number_of, table_of, tables_of, text_of, text_of_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a href="//x" title="User:Jane">Jane</a>', "Jane"),
        ("<bdi><a>Jane &amp; Co</a></bdi>", "Jane & Co"),
        ("Jane<br>Doe", "Jane Doe"),
        ("<style>.a{b:c}</style>Jane<script>alert(1)</script>", "Jane"),
        ("plain", "plain"),
        ("1 < 2", "1 < 2"),
        (None, ""),
        ({"a": 1}, ""),
        ("a\r\nb\x00c\u202ed", "a b c d"),
    ],
)
def test_html_is_read_as_a_reader_sees_it(html: Any, text: str) -> None:
    assert text_of_html(html) == text


def test_what_is_not_of_the_expected_kind_is_absent() -> None:
    assert (table_of([1]), tables_of({"a": 1}), tables_of([1, {"a": 1}])) == ({}, [], [{"a": 1}])
    assert (text_of(True), text_of([]), text_of(7), text_of(None)) == ("", "", "7", "")
    assert [number_of(value) for value in (5, "12", "x", -1, None, True, "9" * 13)] == [5, 12, 0, 0, 0, 0, 0]
