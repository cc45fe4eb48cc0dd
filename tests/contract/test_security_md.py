"""SECURITY.md promises what is so: its settings and its tests exist, and no limit is left out."""

from __future__ import annotations

import dataclasses
import re

from app.config import Settings, env_name
from tests.conftest import ROOT

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
SETTINGS = {env_name(field) for field in dataclasses.fields(Settings)}


def test_every_setting_it_names_is_one() -> None:
    assert set(re.findall(r"WHICHPARK_[A-Z_]+", TEXT)) <= SETTINGS


def test_every_limit_is_named() -> None:
    limits = {name for name in SETTINGS if name.startswith(("WHICHPARK_MAX_", "WHICHPARK_MIN_"))}
    assert limits - set(re.findall(r"WHICHPARK_[A-Z_]+", TEXT)) == set()


def test_every_test_it_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", TEXT)
    assert len(named) >= 15
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_promise_names_its_tests() -> None:
    promises = TEXT.split("## What is promised")[1].split("## What is not")[0].split("\n\n**")[1:]
    assert len(promises) >= 8
    assert [promise[:40] for promise in promises if "`tests/" not in promise] == []
