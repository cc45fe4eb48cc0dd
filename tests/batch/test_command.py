"""The command's ends that no worker is needed for: what is wrong, in a line."""

from __future__ import annotations

import importlib.util
import os
import signal
from pathlib import Path

import pytest

import app.batch.__main__ as entry
from app.batch import command
from app.batch.command import main
from app.batch.options import parse
from tests.photos import draw_scene, encode


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(encode(draw_scene()))
    return tmp_path / "photos"


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What is said on the screen where nothing can be done."""
    assert main([str(argument) for argument in arguments]) == 2
    shown = capsys.readouterr()
    assert shown.err.splitlines()[-1].startswith("error: ") and "Traceback" not in shown.err
    return shown.err


def test_a_source_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no file or folder" in said(capsys, tmp_path / "gone", tmp_path / "t.parquet")
    assert not (tmp_path / "t.parquet").exists()


def test_a_source_with_nothing_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert "There is no photo in" in said(capsys, tmp_path / "empty", tmp_path / "t.parquet")


def test_a_destination_that_is_an_address(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "must be a folder of this machine" in said(capsys, archive, "s3://bucket/t.parquet")


def test_a_destination_that_is_not_ours(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "holds something else" in said(capsys, archive, archive)


@pytest.mark.parametrize("option", ["--models", "--bundle"])
def test_a_bundle_that_is_not_there(archive: Path, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "error: " in said(capsys, archive, archive.parent / "t.parquet", option, archive)


def test_a_setting_without_sense(
    archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHICHPARK_MAX_IMAGE_PX", "many")
    assert "WHICHPARK_MAX_IMAGE_PX" in said(capsys, archive, archive.parent / "t.parquet")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1:9", "The cluster at 127.0.0.1:9 cannot be reached"),
        ("127.0.0.1", "is HOST:PORT or auto"),
        ("ray://127.0.0.1:10001", "is HOST:PORT or auto"),
        ("127.0.0.1:99999", "cannot be reached"),
    ],
)
def test_a_cluster_that_is_not_there(archive: Path, address: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert why in said(capsys, archive, archive.parent / "t.parquet", "--ray", address)


@pytest.mark.parametrize(
    ("flag", "least", "most"),
    [
        ("--workers", 0, 100_000),
        ("--threads", 1, 256),
        ("--batch", 1, 10_000),
        ("--part-rows", 1, 10_000_000),
        ("--part-s", 0, 86_400),
    ],
)
def test_every_number_has_its_range(flag: str, least: int, most: int, capsys: pytest.CaptureFixture[str]) -> None:
    for value in (least, most):
        assert getattr(parse(["photos", "t", flag, str(value)]), flag[2:].replace("-", "_")) == value
    for value in (least - 1, most + 1):
        with pytest.raises(SystemExit):
            parse(["photos", "t", flag, str(value)])
        assert f"argument {flag}: it must be from {least} to {most}" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_stops_it_is_told_how_to_go_on(
    archive: Path, number: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_look", lambda *_arguments: os.kill(os.getpid(), number))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # As at a terminal; a worker of xdist ignores it.
    try:
        assert main([str(archive), str(archive.parent / "t.parquet")]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert "stopped; the same command goes on from there" in capsys.readouterr().err


def test_without_ray_it_is_said_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ray" else name)
    assert entry.run() == 2
    assert "ray cannot be imported" in (shown := capsys.readouterr().err)
    assert "pip install -r app/batch/requirements.txt" in shown
