"""Programs that tests run and that are no Python: `make test` puts those of Debian into .venv/tools."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.conftest import ROOT


def tool(name: str) -> str:
    """Where a program is. Without it the test is skipped on a developer's machine, and fails where CI is set.

    systemd-analyze is part of a system that systemd runs, and cannot be brought along: its test is skipped anywhere.
    """
    path = shutil.which(name, path=f"{ROOT / '.venv' / 'tools' / 'usr' / 'bin'}:{os.environ['PATH']}")
    if path is not None:
        return path
    why = f"NO {name.upper()}: deploy/ is not tried with it. `make .venv/.tools` gets Caddy and promtool on Debian."
    if os.environ.get("CI") and name != "systemd-analyze":
        pytest.fail(why)
    pytest.skip(why)
