"""A real PostgreSQL of Debian's, in a folder of its own and on a port of its own; it refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.e2e.server import free_port

_START_S = 120


@dataclass(frozen=True)
class PostgreSQL:
    """A cluster of one user, whose password is "secret"."""

    folder: Path
    programs: Path
    port: int

    def new_database(self) -> str:
        """The address of an empty database."""
        name = f"db_{uuid.uuid4().hex}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._address(name)

    def start(self) -> None:
        self._run(
            "pg_ctl",
            "start",
            "-w",
            "-t",
            str(_START_S),
            "-D",
            str(self._data),
            "-l",
            str(self._log),
            "-o",
            self._options,
        )

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` is what a crash is: PostgreSQL recovers when it is started again."""
        self._run("pg_ctl", "stop", "-D", str(self._data), "-m", mode)

    def make(self) -> None:
        (self.folder / "password").write_text("secret")
        shutil.chown(self.folder / "password", _user())
        options = ["-U", "park", "-A", "scram-sha-256", "--pwfile", str(self.folder / "password"), "--no-sync"]
        self._run("initdb", "-D", str(self._data), *options)

    def _address(self, name: str) -> str:
        return f"postgresql://park:secret@127.0.0.1:{self.port}/{name}"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    @property
    def _options(self) -> str:
        return f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        user = _user() if os.geteuid() == 0 else None
        done = subprocess.run(
            command, user=user, group=user and pwd.getpwnam(user).pw_gid, cwd=self.folder, timeout=_START_S,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        log = self._log.read_text() if self._log.exists() else ""
        assert done.returncode == 0, done.stderr + log


@contextmanager
def running_postgresql() -> Iterator[PostgreSQL]:
    """Started, and ended with its folder. Without PostgreSQL the test is skipped; it fails where CI is set."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="which-park-postgresql-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _user())
        server = PostgreSQL(folder, programs, free_port())
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _user() -> str:
    """Whom Debian's package makes, or who runs the tests."""
    return "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if found or on_path:
        return found[-1].parent if found else Path(str(on_path)).parent
    why = "NO POSTGRESQL: feedback is not tested with it. On Debian: apt install postgresql"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
