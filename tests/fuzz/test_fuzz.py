"""A slice of `make fuzz`, and that the hunt would find what it is for."""

from __future__ import annotations

import struct
import zlib
from itertools import islice
from pathlib import Path

import pytest

from app.vision.image_io import open_image
from tests.fuzz import hunt as hunting
from tests.fuzz.corpus import draw_corpus
from tests.fuzz.doors import doors, open_photo
from tests.fuzz.hunt import attempts, hunt
from tests.fuzz.mutation import Mutator, repaired
from tests.photos import draw_scene, encode

CORPUS = draw_corpus()
N_FILES = 560


def test_a_slice_of_the_hunt_meets_no_failure(tmp_path: Path) -> None:
    report = hunt(N_FILES, seed=2, failures=tmp_path)
    assert not report.failures, report
    assert report.outcomes.total() == N_FILES
    assert not list(tmp_path.iterdir())
    assert report.outcomes["open: opened"] > N_FILES / 40  # Mutations that nothing survives would test little.
    assert len(report.outcomes) > 10
    assert {outcome.partition(":")[0] for outcome in report.outcomes} == set(doors())


@pytest.mark.parametrize("name", [name for name in CORPUS if not name.startswith("hostile")])
def test_every_file_of_the_corpus_opens(name: str) -> None:
    assert open_image(CORPUS[name]).mode == "RGB"


def test_the_same_seed_makes_the_same_files_and_another_makes_others() -> None:
    first, again, other = ([*islice(attempts(50, seed), 50)] for seed in (1, 1, 2))
    assert first == again
    assert sum(a.data == b.data for a, b in zip(first, other, strict=True)) < 10


def test_a_file_that_fails_is_kept_and_fails_again(tmp_path: Path) -> None:
    def door(data: bytes) -> str:
        if data.startswith(b"\x89PNG"):
            raise ZeroDivisionError
        return "opened"

    report = hunt(200, 0, tmp_path, dict.fromkeys(doors(), door))
    assert set(report.failures.values()) == {"ZeroDivisionError()"}
    assert sorted(report.failures) == sorted(tmp_path.iterdir())
    for path in report.failures:
        with pytest.raises(ZeroDivisionError):
            door(path.read_bytes())
    assert "FAILED" in str(report)


def test_a_file_that_takes_too_long_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunting, "DEADLINE_S", 1e-9)
    monkeypatch.setattr("faulthandler.dump_traceback_later", lambda *args, **options: None)
    report = hunt(3, 0, tmp_path, {"open": open_photo})
    assert len(report.failures) == 3 and all("it took" in what for what in report.failures.values())


def test_a_png_that_is_put_right_is_judged_by_what_it_holds() -> None:
    png = encode(draw_scene(), "PNG")
    wider = png[:16] + struct.pack(">I", 161) + png[20:]
    assert repaired(png) == png
    assert repaired(wider)[29:33] == struct.pack(">I", zlib.crc32(wider[12:29]))
    assert repaired(png[:50])[:33] == png[:33]


def test_a_riff_file_that_is_put_right_says_how_long_it_is() -> None:
    webp = encode(draw_scene(), "WEBP")
    assert repaired(webp[:4] + b"\xff\xff\xff\xff" + webp[8:]) == webp
    assert repaired(b"RIFF") == b"RIFF\0\0\0\0"


def test_mutations_reach_the_pixels_of_a_png() -> None:
    """Its packed rows change and still unpack, which random bytes in them would not."""
    png, opened = CORPUS["png"], set()
    mutator = Mutator([png], seed=0)
    for _ in range(100):
        outcome = open_photo(mutator.mutated(png))
        opened.add(outcome)
    assert "opened" in opened


@pytest.mark.parametrize("data", [b"", b"x", b"RIFF", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n\0\0\0\0IDAT"])
def test_the_smallest_files_can_be_mutated(data: bytes) -> None:
    mutator = Mutator([data], seed=0)
    for _ in range(200):
        mutator.mutated(data)
