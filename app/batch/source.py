"""SRC: where the photos are, how they are found, and how the bytes of one are read.

A folder, a pattern (`photos/**/*.jpg`), a single photo, or a list of them; on this machine or behind any address that
fsspec knows. A source travels to the workers, so it holds nothing but addresses and file systems.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import fsspec
from fsspec.core import url_to_fs
from fsspec.utils import glob_translate

from app.batch.errors import SourceError, UnreadableError
from app.batch.local_files import read_local, walk_local
from app.errors import RequestTooLargeError

_PATTERN = re.compile(r"[*?[]")
_USER = re.compile(r"://[^/@]*@")


@dataclass(frozen=True)
class Found:
    """A photo's path, as rows have it, and its size in bytes where the listing tells."""

    path: str
    n_bytes: int | None = None


class Source(Protocol):
    """Photos."""

    @property
    def shown(self) -> str:
        """SRC without a password, the same whenever the same place is meant."""
        ...

    def find(self, skip: str) -> Iterator[Found]:
        """Every file that is not hidden, one after the other, but none of the local folder `skip`.

        Raises:
            SourceError: the top of it cannot be listed. What cannot be listed below is found as if it were a photo.
        """
        ...

    def read(self, path: str, n_bytes: int | None, max_bytes: int) -> bytes:
        """The bytes of a photo that was found.

        Raises:
            RequestTooLargeError: there are more than `max_bytes`.
            UnreadableError: they cannot be had.
        """
        ...


@dataclass(frozen=True)
class LocalSource:
    """A folder, a file, or those below `root` whose paths are as `pattern` says."""

    root: str
    pattern: str | None = None

    @property
    def shown(self) -> str:
        return self.pattern or self.root

    def find(self, skip: str) -> Iterator[Found]:
        wanted = re.compile(glob_translate(self.pattern) if self.pattern else "", re.DOTALL)
        return (Found(plain_text(path)) for path in walk_local(self.root, skip) if wanted.match(path))

    def read(self, path: str, n_bytes: int | None, max_bytes: int) -> bytes:
        return _within(read_local(path, max_bytes + 1), max_bytes)


@dataclass(frozen=True)
class RemoteSource:
    """What is below `root` of a file system; `shown_root` is the same place as an address without a password."""

    filesystem: Any
    root: str
    shown_root: str
    shown: str
    pattern: str | None = None

    def find(self, skip: str) -> Iterator[Found]:
        wanted = re.compile(glob_translate(self.pattern) if self.pattern else "", re.DOTALL)
        for path, n_bytes in _walk(self.filesystem, self.root):
            if wanted.match(path):
                yield Found(plain_text(self.shown_root + path[len(self.root) :]), n_bytes)

    def read(self, path: str, n_bytes: int | None, max_bytes: int) -> bytes:
        return read_remote(self.filesystem, self.root + path[len(self.shown_root) :], n_bytes, max_bytes)


@dataclass(frozen=True)
class ListedSource:
    """The photos that a text file names, a path or an address a line; a path is read from where the list was named."""

    shown: str
    folder: str

    def find(self, skip: str) -> Iterator[Found]:
        try:
            with fsspec.open(self.shown, "rt", encoding="utf-8", errors="backslashreplace") as lines:
                for line in lines:
                    if path := line.strip("\r\n"):
                        yield Found(path if is_address(path) else os.path.join(self.folder, path))  # noqa: PTH118
        except (OSError, ValueError, ImportError) as exc:
            raise SourceError(f"The list {self.shown} cannot be read: {exc}") from exc

    def read(self, path: str, n_bytes: int | None, max_bytes: int) -> bytes:
        if not is_address(path):
            return _within(read_local(path, max_bytes + 1), max_bytes)
        try:
            filesystem, inner = url_to_fs(path)
        except Exception as exc:  # Each file system has errors of its own.
            raise UnreadableError(f"It cannot be reached: {exc}") from exc
        return read_remote(filesystem, inner, n_bytes, max_bytes)


def open_source(text: str, *, is_list: bool) -> Source:
    """The source of SRC.

    Raises:
        SourceError: there is no such place, or nothing here knows its kind of address.
    """
    if is_list:
        return ListedSource(text if is_address(text) else os.path.abspath(text), os.getcwd())  # noqa: PTH100, PTH109
    if is_address(text):
        return _open_remote(text)
    path = os.path.abspath(text)  # noqa: PTH100  A symbolic link stays as it was named.
    if Path(path).exists():
        return LocalSource(path)
    if not _PATTERN.search(path):
        raise SourceError(f"There is no file or folder {path}.")
    root = _before_pattern(path)
    if not Path(root).is_dir():
        raise SourceError(f"There is no folder {root}, in which {text} would be looked for.")
    return LocalSource(root, path)


def is_address(text: str) -> bool:
    """Whether it is an address for fsspec, and no path."""
    return "://" in text or "::" in text


def plain_text(path: str) -> str:
    r"""A path that Parquet can hold: bytes of a name that are not UTF-8 become `\xff`; no file will be found so."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def read_remote(filesystem: Any, path: str, n_bytes: int | None, max_bytes: int) -> bytes:
    """See `Source.read`."""
    if n_bytes is not None and n_bytes > max_bytes:
        raise too_large(max_bytes)
    try:
        if n_bytes is not None:
            return _within(filesystem.cat_file(path), max_bytes)
        return _within(filesystem.cat_file(path, start=0, end=max_bytes + 1), max_bytes)
    except RequestTooLargeError:
        raise
    except Exception as exc:  # Each file system has errors of its own.
        raise UnreadableError(f"It cannot be read: {type(exc).__name__}: {exc}") from exc


def too_large(max_bytes: int) -> RequestTooLargeError:
    """What is said of a photo of more bytes."""
    return RequestTooLargeError(f"The photo has more than {max_bytes} bytes, which is the most that is read of one.")


def _within(data: bytes, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise too_large(max_bytes)
    return data


def _before_pattern(text: str) -> str:
    """The folder below which all that fits the pattern is."""
    return text[: _PATTERN.search(text).start()].rpartition("/")[0] or "/"  # type: ignore[union-attr]


def _open_remote(text: str) -> RemoteSource:
    shown = _USER.sub("://", text)
    try:
        filesystem, inner = url_to_fs(text, use_listings_cache=False)  # It would grow with the archive.
        is_pattern = _PATTERN.search(inner) is not None and not filesystem.exists(inner)
        root = _before_pattern(inner) if is_pattern else inner
        if not filesystem.exists(root):
            raise SourceError(f"There is nothing at {shown}.")
    except ImportError as exc:
        raise SourceError(f"{shown} needs a package more: {exc}. Every machine of a cluster needs it.") from exc
    except SourceError:
        raise
    except Exception as exc:  # Each file system has errors of its own.
        raise SourceError(f"{shown} cannot be reached: {type(exc).__name__}: {exc}") from exc
    shown_root = _before_pattern(shown) if is_pattern else shown
    if not root.endswith("/") and not shown_root.endswith("://"):
        shown_root = shown_root.rstrip("/")
    return RemoteSource(filesystem, root, shown_root, shown, inner if is_pattern else None)


def _walk(filesystem: Any, root: str) -> Iterator[tuple[str, int | None]]:
    """The files below an address, with their sizes; a folder's names are in memory at once, and no more."""
    folders, is_top = [root], True
    while folders:
        folder = folders.pop()
        try:
            entries = filesystem.ls(folder, detail=True)
        except Exception as exc:  # Each file system has errors of its own.
            if is_top:
                raise SourceError(f"{root} cannot be listed: {type(exc).__name__}: {exc}") from exc
            yield folder, None
            continue
        is_top = False
        for entry in entries:
            path, name = entry["name"], entry["name"].rstrip("/").rpartition("/")[2]
            if name.startswith(".") or not path.startswith(root):
                continue
            if entry["type"] != "directory":
                yield path, entry.get("size")
            elif path.rstrip("/") != folder.rstrip("/"):  # Object stores have an entry for the folder itself.
                folders.append(path)
