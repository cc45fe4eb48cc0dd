"""The ring follows its file, and keeps the last good keys."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.door import key_ring
from app.door.key_file import ApiKey, digest_of
from app.door.key_ring import KeyRing
from app.errors import SettingsError


@pytest.fixture(autouse=True)
def looks_at_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ring, "_LOOK_EVERY_S", 0.0)


def write(path: Path, *names: str) -> None:
    path.write_text("".join(f"{ApiKey(name, digest_of(name)).line}\n" for name in names))


def opened_by(ring: KeyRing, *secrets: str) -> list[str]:
    return [secret for secret in secrets if ring.find(secret)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "keys", "alice")
    return tmp_path / "keys"


def test_a_ring_has_the_keys_of_its_file(path: Path) -> None:
    assert opened_by(KeyRing(path), "alice", "bob") == ["alice"]


def test_a_new_key_opens_and_a_revoked_one_does_not(path: Path) -> None:
    ring = KeyRing(path)
    write(path, "bob", "carol")
    assert opened_by(ring, "alice", "bob", "carol") == ["bob", "carol"]


def test_a_file_that_is_replaced_is_another_even_at_the_same_time_and_size(path: Path) -> None:
    ring = KeyRing(path)
    new = path.with_name("new")
    write(new, "carol")
    os.utime(new, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    new.replace(path)
    assert opened_by(ring, "alice", "carol") == ["carol"]


@pytest.mark.parametrize("break_it", [lambda path: path.unlink(), lambda path: path.write_text("rubbish\n")])
def test_a_broken_file_changes_nothing_and_is_told(
    path: Path, break_it: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    ring = KeyRing(path)
    break_it(path)
    assert opened_by(ring, "alice") == ["alice"]
    assert opened_by(ring, "alice") == ["alice"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    write(path, "bob")
    assert opened_by(ring, "alice", "bob") == ["bob"]


def test_the_file_is_not_looked_at_more_often_than_it_should(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_ring, "_LOOK_EVERY_S", 1000.0)
    ring = KeyRing(path)
    write(path, "bob")
    assert opened_by(ring, "alice", "bob") == ["alice"]


def test_without_a_good_file_there_is_no_ring(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        KeyRing(tmp_path / "none")
