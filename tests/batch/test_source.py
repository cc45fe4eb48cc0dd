"""SRC in all its forms: folders, patterns, lists, and addresses that fsspec knows."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest

from app.batch.errors import SourceError, UnreadableError
from app.batch.source import Source, open_source
from app.errors import RequestTooLargeError

FILES = {"a.jpg": b"aa", "sub/b.jpg": b"bbb", "sub/deep/c.png": b"cccc", "sub/.hidden.jpg": b"h", "d.jpg": b""}
MOST = 1_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in FILES.items():
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(data)
    return tmp_path / "photos"


@pytest.fixture
def in_memory() -> Iterator[str]:
    filesystem = fsspec.filesystem("memory")
    for name, data in FILES.items():
        filesystem.pipe_file(f"/archive/{name}", data)
    yield "memory://archive"
    filesystem.rm("/archive", recursive=True)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def by_http(folder: Path) -> Iterator[str]:
    """A web server whose pages list its folders."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder.parent)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/photos/"
    server.shutdown()
    thread.join()
    server.server_close()


def read_all(source: Source) -> dict[str, bytes]:
    """As a worker does, to which the source was sent."""
    sent: Source = pickle.loads(pickle.dumps(source))
    return {found.path: sent.read(found.path, found.n_bytes, MOST) for found in source.find("")}


def below(root: str, *names: str) -> dict[str, bytes]:
    return {f"{root}/{name}": FILES[name] for name in names}


def test_a_folder_has_every_file_below_it(folder: Path) -> None:
    expected = below(str(folder), "a.jpg", "sub/b.jpg", "sub/deep/c.png", "d.jpg")
    assert read_all(open_source(str(folder), is_list=False)) == expected


def test_paths_are_absolute_however_the_folder_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    named = [open_source(text, is_list=False) for text in ("photos", "./photos/", "photos/sub/..", str(folder))]
    assert {source.shown for source in named} == {str(folder)}
    assert all(found.path.startswith("/") for found in named[0].find(""))


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("*.jpg", ["a.jpg", "d.jpg"]), ("**/*.jpg", ["a.jpg", "d.jpg", "sub/b.jpg"]), ("s?b/b.[jp]*", ["sub/b.jpg"])],
)
def test_a_pattern_takes_what_fits_it(folder: Path, pattern: str, names: list[str]) -> None:
    assert read_all(open_source(f"{folder}/{pattern}", is_list=False)) == below(str(folder), *names)


def test_a_folder_whose_name_looks_like_a_pattern_is_itself(tmp_path: Path) -> None:
    (tmp_path / "trip [2024]").mkdir()
    (tmp_path / "trip [2024]" / "a.jpg").touch()
    assert len(list(open_source(str(tmp_path / "trip [2024]"), is_list=False).find(""))) == 1


@pytest.mark.parametrize("text", ["gone", "gone/*.jpg"])
def test_what_is_not_there_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError, match="There is no"):
        open_source(str(tmp_path / text), is_list=False)


def test_a_name_that_is_not_text_is_found_and_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    source = open_source(str(tmp_path), is_list=False)
    [found] = source.find("")
    assert found.path == f"{tmp_path}/caf\\xe9.jpg"
    with pytest.raises(UnreadableError):
        source.read(found.path, None, MOST)


def test_an_address_has_every_file_below_it(in_memory: str) -> None:
    expected = below("memory://archive", "a.jpg", "sub/b.jpg", "sub/deep/c.png", "d.jpg")
    assert read_all(open_source(in_memory, is_list=False)) == expected
    assert read_all(open_source(f"{in_memory}/", is_list=False)) == expected


def test_a_pattern_may_be_an_address(in_memory: str) -> None:
    found = read_all(open_source(f"{in_memory}/**/*.jpg", is_list=False))
    assert found == below("memory://archive", "a.jpg", "sub/b.jpg", "d.jpg")


def test_a_web_server_that_lists_its_folders_is_an_archive(by_http: str) -> None:
    found = read_all(open_source(by_http, is_list=False))
    assert found == below(by_http.rstrip("/"), "a.jpg", "sub/b.jpg", "sub/deep/c.png", "d.jpg")


def test_a_password_in_an_address_is_not_shown(by_http: str) -> None:
    source = open_source(by_http.replace("http://", "http://me:secret@"), is_list=False)
    assert source.shown == by_http
    assert read_all(source) == read_all(open_source(by_http, is_list=False))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nope://x/y", "Protocol not known"),
        ("s3://bucket/x", "Install s3fs"),
        ("memory://gone", "There is nothing at memory://gone"),
        ("http://127.0.0.1:9/", "There is nothing at|cannot be reached"),
    ],
)
def test_an_address_that_leads_nowhere_is_said(address: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        open_source(address, is_list=False)


def test_a_list_has_paths_and_addresses(folder: Path, in_memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "list.txt").write_text(f"a.jpg\n\n{folder}/sub/b.jpg\r\n{in_memory}/sub/deep/c.png\n")
    found = read_all(open_source("list.txt", is_list=True))
    assert found == below(str(folder), "a.jpg", "sub/b.jpg") | below("memory://archive", "sub/deep/c.png")


def test_a_list_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        list(open_source(str(tmp_path / "gone.txt"), is_list=True).find(""))


@pytest.mark.parametrize("n_bytes", [None, 10])
def test_a_photo_at_an_address_has_a_limit_in_bytes(in_memory: str, n_bytes: int | None) -> None:
    source, filesystem = open_source(in_memory, is_list=False), fsspec.filesystem("memory")
    filesystem.pipe_file("/archive/ten.jpg", bytes(10))
    assert len(source.read(f"{in_memory}/ten.jpg", n_bytes, 10)) == 10
    with pytest.raises(RequestTooLargeError, match="more than 9 bytes"):
        source.read(f"{in_memory}/ten.jpg", n_bytes, 9)


@pytest.mark.parametrize("path", ["/archive/gone.jpg", "nope://x", "memory://archive/gone.jpg"])
def test_what_a_list_names_in_vain_is_unreadable(in_memory: str, path: str) -> None:
    with pytest.raises(UnreadableError):
        open_source("list.txt", is_list=True).read(path, None, MOST)
