"""What is left after a child process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest


@pytest.fixture
def nothing_is_left_behind() -> Iterator[None]:
    """No process, not even a dead one; no descriptor."""
    processes, descriptors = _children(), _descriptors()
    yield
    assert _children() <= processes
    assert _descriptors() <= descriptors  # What tests before had open may be closed meanwhile.


def _children() -> set[str]:
    """This process's children, those that have ended and were not waited for too; other tests may have some."""
    found: set[str] = set()
    for thread in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # A thread of another test has just ended.
            found.update((thread / "children").read_text().split())
    return found


def _descriptors() -> set[tuple[str, str]]:
    """The number of each, and what it leads to."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # The one this folder was read with.
            found.add((descriptor.name, str(descriptor.readlink())))
    return found
