"""A file of settings, beside the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config import Settings, environ_of
from app.errors import SettingsError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "which-park.env"


def settings(file: Path, text: str | bytes, **environ: str) -> Settings:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Settings.from_environ({"WHICHPARK_SETTINGS_FILE": str(file), **environ})


def test_a_line_is_a_setting(file: Path) -> None:
    text = (
        "# limits\n\nWHICHPARK_MAX_PHOTOS=3\n  WEB_CONCURRENCY = 2  \nWHICHPARK_FETCH_USER_AGENT=\"a b\"\nHOST='::1'\n"
    )
    found = settings(file, text)
    assert (found.max_photos, found.workers, found.fetch_user_agent, found.host) == (3, 2, "a b", "::1")


def test_the_environment_goes_before_the_file_unless_it_is_empty(file: Path) -> None:
    text = "WHICHPARK_MAX_PHOTOS=3\nWHICHPARK_THREADS=7\n"
    found = settings(file, text, WHICHPARK_MAX_PHOTOS="5", WHICHPARK_THREADS="")
    assert (found.max_photos, found.threads) == (5, 7)


def test_an_empty_value_is_the_default(file: Path) -> None:
    assert settings(file, "WHICHPARK_MAX_PHOTOS=\n").max_photos == Settings().max_photos


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nWHICHPARK_MAX_PHOTOS\n", "line 2: NAME=VALUE is needed"),
        ("export WHICHPARK_MAX_PHOTOS=3\n", "line 1: NAME=VALUE is needed"),
        ("PATH=/tmp\n", "line 1: PATH is no setting"),
        ("WHICHPARK_NONE=1\n", "line 1: WHICHPARK_NONE is no setting"),
        ("WHICHPARK_SETTINGS_FILE=/other\n", "line 1: WHICHPARK_SETTINGS_FILE is no setting that may stand there"),
        ("WHICHPARK_MAX_PHOTOS=many\n", "WHICHPARK_MAX_PHOTOS: a whole number is needed, got 'many'"),
        (b"WHICHPARK_\xff=1\n", "cannot be read"),
        (b"#" * 65_537, "more than 65536 bytes"),
    ],
)
def test_a_file_without_sense_is_refused_with_its_line(file: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        settings(file, text)


def test_a_file_of_the_limit_is_read(file: Path) -> None:
    assert settings(file, "HOST=::1\n".ljust(65_536, "#")).host == "::1"


def test_a_file_that_is_not_there_is_refused(file: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings.from_environ({"WHICHPARK_SETTINGS_FILE": str(file)})


def test_an_environment_can_be_had_that_names_no_file_and_asks_for_the_same(file: Path) -> None:
    file.write_text("WHICHPARK_MAX_PHOTOS=3\n")
    environ = environ_of({"WHICHPARK_SETTINGS_FILE": str(file), "HOME": "/root"})
    assert environ == {"WHICHPARK_MAX_PHOTOS": "3", "HOME": "/root"}
