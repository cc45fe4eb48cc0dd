"""Files of this machine: found without holding a folder's names in memory, read without waiting for a pipe."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from app.batch.errors import SourceError, UnreadableError


def walk_local(root: str, skip: str) -> Iterator[str]:
    """The paths of all files at or below `root` that are not hidden, in the order of the disk; none below `skip`.

    Links to folders are not followed: they, and folders that cannot be listed, are given as if they were files, so that
    reading them tells why.

    Raises:
        SourceError: `root` itself cannot be listed.
    """
    if not Path(root).is_dir():
        yield root
        return
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            entries = os.scandir(folder)
        except OSError as exc:
            if folder == root:
                raise SourceError(f"{root} cannot be listed: {exc.strerror}") from exc
            yield folder
            continue
        with entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.path == skip:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    yield entry.path


def read_local(path: str, most: int) -> bytes:
    """The first `most` bytes of a file.

    Raises:
        UnreadableError: it is not there, may not be read, or is a folder, a pipe or the like.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # A pipe would be waited for.
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise UnreadableError("It is a folder, a link to one, a pipe or a device, and not a file.")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(min(most, found.st_size + 1))
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as exc:
        raise UnreadableError(f"It cannot be read: {exc}") from exc
