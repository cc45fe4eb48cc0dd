"""The README says what is so: its tables are the code's, its commands exist."""

from __future__ import annotations

import re
import shlex

import pytest

from app.batch.options import parse
from tests.contract.readme_tables import README, ROOT, replaced, tables
from training.cli import make_parser

TEXT = README.read_text(encoding="utf-8")


@pytest.mark.parametrize("part", ["examples", "errors", "settings", "accuracy"])
def test_readme_table_is_the_generated_one(part: str) -> None:
    assert replaced(TEXT, part, tables()[part]) == TEXT, "run: .venv/bin/python -m tests.contract.readme_tables"


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\s*`?make ([a-z]+)", TEXT, re.MULTILINE))
    assert {"serve", "test", "train"} <= targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_training_command_of_the_readme_parses() -> None:
    commands = re.findall(r"^python -m training (.+)$", TEXT, re.MULTILINE)
    assert len(commands) >= 2
    for command in commands:
        make_parser().parse_args(shlex.split(command))


def test_every_batch_command_of_the_readme_parses() -> None:
    commands = re.findall(r"^python -m app\.batch (.+)$", TEXT, re.MULTILINE)
    assert len(commands) >= 2
    for command in commands:
        parse(shlex.split(command))


def test_every_folder_of_the_readme_exists() -> None:
    folders = re.findall(r"`(\w+)/`", TEXT.split("## Where things are")[1])
    assert len(folders) >= 6
    assert all((ROOT / folder).is_dir() for folder in folders)
