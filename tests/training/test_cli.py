"""The trainer's command line."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.training.test_data import make_files
from training.cli import main, make_parser
from training.config import TrainConfig

FIELDS = dataclasses.fields(TrainConfig)


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["bundle", "promote", "--help"]])
def test_help_needs_no_torch(arguments: list[str]) -> None:
    code = f"""
import sys
from training.cli import main
try:
    main({arguments!r})
finally:
    assert not {{"torch", "fastai", "onnxruntime", "sklearn"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: python -m training")


def parse(*arguments: str) -> TrainConfig:
    options = make_parser().parse_args(["train", "--data", "photos", *arguments])
    return TrainConfig(**{field.name: getattr(options, field.name) for field in FIELDS})


def test_without_flags_a_run_has_the_defaults() -> None:
    assert parse() == TrainConfig()


@pytest.mark.parametrize(("flag", "precision"), [("--bf16", "bf16"), ("--no-bf16", "float32")])
def test_commands_of_older_cards_still_parse(flag: str, precision: str) -> None:
    assert parse(flag).precision == precision


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_choice_has_a_flag(field: dataclasses.Field[object]) -> None:
    flag = f"--{field.name.replace('_', '-')}"
    if isinstance(field.default, bool):
        assert getattr(parse(flag), field.name) is True
        assert getattr(parse(f"--no-{flag[2:]}"), field.name) is False
    else:
        value = another_value(field)
        assert getattr(parse(flag, str(value)), field.name) == value


def another_value(field: dataclasses.Field[object]) -> object:
    """One that a field may have and has not by default."""
    if field.name == "sizes":
        return "128,224"
    if isinstance(field.default, int):
        return field.default + 1
    if isinstance(field.default, float):
        return field.default / 2 or 0.5
    return (field.metadata["choices"] or ["another"])[-1]


def test_help_tells_every_choice_and_its_default() -> None:
    code = "from training.cli import main; main(['train', '--help'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    words = " ".join(done.stdout.split())
    for field in FIELDS:
        assert f"{field.metadata['help']} ({field.default})" in words


def test_an_expected_failure_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training", "bundle", "promote", "nothing-1", "--models", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: There is no bundle at")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "nowhere"], "nowhere is not a folder"),
        (["--data", "one"], "1 label(s): cats"),
        (["--data", "two", "--n-folds", "2"], "--n-folds must be at least 3, got 2"),
        (["--data", "two", "--size-px", "8"], "--size-px must be from 32 to 1024"),
        (["--data", "two", "--lr", "inf"], "--lr must be"),
        (["--data", "two", "--name", "my parks"], "cannot be a bundle's name"),
        (["--data", "two", "--version", "../1"], "cannot be a bundle's name"),
        (["--data", "two", "--label-facts", "nowhere.yaml"], "nowhere.yaml cannot be read"),
        (["--data", "two", "--label-facts", "odd.yaml"], "odd.yaml cannot be read"),
        (["--data", "two", "--out", "odd.yaml"], "cannot be written to odd.yaml"),
        (["--data", "two"], "None of the photos of cats, dogs can be opened"),
    ],
)
def test_every_expected_failure_of_a_run_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    make_files(tmp_path, "one/cats/a.jpg", "two/cats/a.jpg", "two/dogs/a.jpg")
    (tmp_path / "odd.yaml").write_text("cats: {name: 'Cats\nan open: [list")
    monkeypatch.chdir(tmp_path)
    assert main(["train", *arguments]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ") and words in printed
    assert printed.count("\n") == 1


@pytest.mark.slow
def test_the_last_words_of_a_run_tell_how_to_serve_the_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.vision.bundle import ModelBundle
    from tests.training.outputs import make_card
    from training import train as module
    from training.prepare import TrainRequest

    requests: list[TrainRequest] = []

    def fake_train(request: TrainRequest, config: TrainConfig) -> ModelBundle:
        requests.append(request)
        return ModelBundle(request.out / "toy-1", make_card("cats", "dogs"))

    monkeypatch.setattr(module, "train", fake_train)
    assert main(["train", "--data", "my photos", "--out", "out"]) == 0
    assert "python -m training bundle promote toy-1 --models out" in capsys.readouterr().out
    assert requests[0].command == "python -m training train --data 'my photos' --out out"
    assert requests[0].version.replace("-", "").isdigit()
