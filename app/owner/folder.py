"""The folder where the workers of one server meet the owner, if they need one."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from app.inference.cuda import may_be_torch


class OwnerFolder:
    """Made by the master before it forks, removed when it ends. Nobody but the server's user may enter it.

    Thread safety: the master's alone; its workers read `path`.
    """

    def __init__(self, beneath: str | None) -> None:
        """`beneath` is where it is made; None: where temporary files are."""
        self._beneath = beneath
        self._maker = 0
        self.path: Path | None = None

    def make_if_needed(self, workers: int, runtime: str, uid: int, gid: int) -> None:
        """One worker runs its network itself, and so does each on the CPU runtime.

        Args:
            uid, gid: whose the workers are.
        Raises:
            OSError: it cannot be made.
        """
        if workers > 1 and self.path is None and may_be_torch(runtime):
            path = Path(tempfile.mkdtemp(prefix="which-park-", dir=self._beneath))
            os.chown(path, uid, gid)
            self.path, self._maker = path, os.getpid()
            atexit.register(self.remove)

    def remove(self) -> None:
        """With the sockets in it: who is connected stays so. What its maker has forked calls this too, in vain."""
        if self.path is not None and self._maker == os.getpid():
            shutil.rmtree(self.path, ignore_errors=True)
            self.path = None
