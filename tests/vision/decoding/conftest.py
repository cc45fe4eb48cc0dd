"""What is left after a child process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def nothing_is_left_behind() -> Iterator[None]:
    """No process, not even a dead one; no descriptor."""
    before = len([*Path("/proc/self/fd").iterdir()])
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert len([*Path("/proc/self/fd").iterdir()]) == before
