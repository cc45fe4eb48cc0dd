"""What is freed and asked for again is not cleared by the kernel again."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

_AGAIN = """
import resource, sys
from training.memory import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
bytearray(100_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
bytearray(100_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _faults_of_a_second_block(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", _AGAIN, how], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_block_that_was_freed_is_had_again_without_a_fault_for_each_page() -> None:
    assert _faults_of_a_second_block("keep") < 30 < _faults_of_a_second_block("let go")  # Of pages of 2 MB: 48.
