"""The pages' texts, all of one language in one file: `en.toml` beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from flask import Flask

_ENGLISH = Path(__file__).with_name("en.toml")


class Texts:
    """Says a text by its key, `section.name`; templates have one as `say`.

    Thread safety: nothing is written after construction.
    """

    def __init__(self, by_key: Mapping[str, str]) -> None:
        self.by_key = by_key

    def __call__(self, key: str, **values: object) -> str:
        """The text, with the values in the place of their names in braces.

        Raises:
            KeyError: there is no such text, or a value that it needs is not given (a bug of the caller).
        """
        return self.by_key[key].format(**values)

    def listed(self, names: Sequence[str], conjunction: str = "and") -> str:
        """`A`, `A and B`, `A, B and C`; the conjunction is `and` or `or`."""
        if len(names) < 2:
            return "".join(names)
        first = self("lists.between").join(names[:-1])
        return self(f"lists.{conjunction}", first=first, last=names[-1])


def read_texts(path: Path = _ENGLISH) -> Texts:
    """The texts of a catalogue: TOML, a table for each part of the pages."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return Texts({f"{table}.{name}": text for table, texts in tables.items() for name, text in texts.items()})


def init_texts(app: Flask) -> Texts:
    """Gives every template `say`, and returns it."""
    texts = read_texts()
    app.jinja_env.globals["say"] = texts
    return texts
