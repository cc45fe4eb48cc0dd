"""The catalogue of texts, and those who use it."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from app.web.texts import Texts, read_texts
from tests.conftest import ROOT

SAY = read_texts()
_SAID = re.compile(r"""say\(\s*["']([a-z_.]+)["']""")
_QUOTED = re.compile(r"""["']([a-z_]+\.[a-z_0-9]*)["'{]""")
SOURCES = [*sorted((ROOT / "templates").rglob("*.html")), *sorted((ROOT / "app" / "web").glob("*.py"))]


def found(pattern: re.Pattern[str]) -> set[str]:
    return {key for path in SOURCES for key in pattern.findall(path.read_text(encoding="utf-8"))}


def test_every_text_that_is_said_is_there() -> None:
    """Or some that begin so, where the end is put to it."""
    missing = {key for key in found(_SAID) if not any(text.startswith(key) for text in SAY.by_key)}
    assert missing | {key for key in found(_SAID) if key[-1] not in "._"} - set(SAY.by_key) == set()


def test_every_text_that_is_there_is_said() -> None:
    begun = tuple(key for key in found(_QUOTED) if key[-1] in "._")
    script = (ROOT / "templates" / "_script.html").read_text(encoding="utf-8")
    by_script = {f"wait.{name}" for name in re.findall(r'"(\w+)"', script)}
    by_itself = {"lists.and", "lists.or", "lists.between"}
    unsaid = set(SAY.by_key) - found(_QUOTED) - by_script - by_itself
    assert {key for key in unsaid if not key.startswith(tuple(set(begun) - {"wait.", "lists."}))} == set()


def test_every_text_the_script_says_is_given_to_it() -> None:
    script = (ROOT / "static" / "app.js").read_text(encoding="utf-8")
    given = (ROOT / "templates" / "_script.html").read_text(encoding="utf-8")
    for name in re.findall(r"\btexts\.([a-zA-Z]+)", script):
        dashed = re.sub(r"([A-Z])", lambda found: f"-{found[1].lower()}", name)
        assert f"data-{dashed}=" in given or f'"{dashed.replace("-", "_")}"' in given, name


def test_the_script_has_no_sentence_of_its_own() -> None:
    script = re.sub(
        r"/\*.*?\*/|//[^\n]*", "", (ROOT / "static" / "app.js").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    quoted = re.findall(r'"([^"\n]*)"|`([^`]*)`', script)
    assert [text for pair in quoted for text in pair if re.search(r"[A-Z][a-z]+ [a-z]", text)] == []


@pytest.mark.parametrize("key", sorted(SAY.by_key))
def test_no_text_is_empty_and_its_values_have_names(key: str) -> None:
    fields = [field for _, field, _, _ in Formatter().parse(SAY.by_key[key]) if field is not None]
    assert SAY.by_key[key].strip()
    assert all(field.isidentifier() for field in fields)


@pytest.mark.parametrize(
    ("names", "conjunction", "sentence"),
    [([], "and", ""), (["A"], "and", "A"), (["A", "B"], "or", "A or B"), (["A", "B", "C"], "and", "A, B and C")],
)
def test_names_are_listed(names: list[str], conjunction: str, sentence: str) -> None:
    assert SAY.listed(names, conjunction) == sentence


def test_a_text_that_is_not_there_or_lacks_a_value_is_a_bug() -> None:
    with pytest.raises(KeyError):
        SAY("ask.nobody_wrote_this")
    with pytest.raises(KeyError):
        Texts({"a.b": "{name}"})("a.b")


def test_another_language_is_another_file(tmp_path: Path) -> None:
    catalogue = tmp_path / "de.toml"
    catalogue.write_text('[ask]\nbutton = "Schau es an"\n', encoding="utf-8")
    assert read_texts(catalogue)("ask.button") == "Schau es an"
