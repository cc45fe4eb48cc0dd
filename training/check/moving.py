"""Moving one file so that nothing is written over and nothing is lost, whatever happens on the way."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

# What a file system answers that has no hard links, or where the two places are on different ones.
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS}


def move_file(source: Path, target: Path) -> None:
    """Moves a file, or a link as a link. At every moment it is whole in at least one of its two places.

    Raises:
        OSError: it cannot be moved, FileExistsError among them; it is still where it was, and nowhere else.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target, follow_symlinks=False)  # `rename` would write over what is there.
    except OSError as exc:
        if exc.errno not in _NO_LINK:
            raise
        _copy(source, target)
    try:
        source.unlink()
    except OSError:
        target.unlink()
        raise


def _copy(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    file = target.open("xb")
    try:
        with file, source.open("rb") as original:
            shutil.copyfileobj(original, file)
            file.flush()
            os.fsync(file.fileno())
        shutil.copystat(source, target)
    except BaseException:  # Ctrl-C too: half a copy helps nobody.
        target.unlink()
        raise
