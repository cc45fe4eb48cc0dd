"""The keys that open the door now: those of the file as it is, without a restart."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from app.door.key_file import ApiKey, find_key, read_keys
from app.errors import SettingsError

_LOOK_EVERY_S = 1.0

_log = logging.getLogger(__name__)


class KeyRing:
    """Looks at the file once a second, when it is asked, and reads it anew when it is another.

    A file that cannot be read, or has a line without sense, changes nothing: the log says so, the last good keys stay.

    Thread safety: `_lock` guards all of it but `_keys`, which is replaced as a whole.
    """

    def __init__(self, path: Path) -> None:
        """Reads the file.

        Raises:
            SettingsError: see `read_keys`.
        """
        self._path = path
        self._keys: tuple[ApiKey, ...] = ()
        self._lock = threading.Lock()
        self._stamp = _stamp(path)
        self._keys = read_keys(path)
        self._look_at = time.monotonic() + _LOOK_EVERY_S

    def find(self, secret: str) -> ApiKey | None:
        """The key that somebody shows, if it is a good one."""
        if time.monotonic() >= self._look_at and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return find_key(self._keys, secret)

    def _look(self) -> None:
        self._look_at = time.monotonic() + _LOOK_EVERY_S
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = read_keys(self._path)
            _log.info("%d API keys are read", len(self._keys))
        except SettingsError as exc:
            _log.error("the API keys stay as they were: %s", exc)


def _stamp(path: Path) -> tuple[int, ...]:
    """Differs when the file does; empty when there is none."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_size, found.st_ino)
