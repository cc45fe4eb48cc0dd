"""The command that makes keys and takes them back."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.door.key_file import find_key, read_keys
from app.keys import main


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def new(path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["--file", str(path), "new", name]) == 0
    return capsys.readouterr().out.strip()


def test_a_new_key_is_printed_once_and_opens(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secrets = {name: new(path, name, capsys) for name in ("alice", "bob")}
    keys = read_keys(path)
    assert {name: find_key(keys, secret).name for name, secret in secrets.items()} == {"alice": "alice", "bob": "bob"}  # type: ignore[union-attr]
    assert not [secret for secret in secrets.values() if secret in path.read_text()]


def test_a_new_file_is_its_owners_alone_and_an_old_one_stays_as_it_is(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new(path, "alice", capsys)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    new(path, "bob", capsys)
    assert path.stat().st_mode & 0o777 == 0o640


def test_comments_and_a_missing_line_end_stay_harmless(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_text("# Ours.")
    new(path, "alice", capsys)
    assert path.read_text().startswith("# Ours.\nalice\t")


def test_a_revoked_key_is_gone_and_the_others_are_not(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_text("# Ours.\n")
    for name in ("alice", "bob"):
        new(path, name, capsys)
    assert main(["--file", str(path), "revoke", "alice"]) == 0
    assert main(["--file", str(path), "list"]) == 0
    assert capsys.readouterr().out == "bob\n"
    assert path.read_text().startswith("# Ours.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["new", "alice"], "gives alice a second key"),
        (["new", "a b"], "not of the form"),
        (["new", ""], "not of the form"),
        (["new", "#alice"], "a name of letters"),
        (["revoke", "bob"], "has no key of bob"),
        (["revoke", "#"], "has no key of #"),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    new(path, "alice", capsys)
    before = path.read_text()
    assert main(["--file", str(path), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert path.read_text() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["keys"]


def test_without_a_file_it_says_how_to_name_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 2
    assert "WHICHPARK_API_KEYS_FILE" in capsys.readouterr().err


def test_the_setting_names_the_file(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHICHPARK_API_KEYS_FILE", str(path))
    assert main(["new", "alice"]) == 0
    assert path.exists()
