"""A server on this machine, and an internet in which it stands for every host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.intake.url_fetch.internet import FakeInternet, HostileServer, running


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with running(HostileServer()) as server:
        yield server


@pytest.fixture
def internet(server: HostileServer) -> FakeInternet:
    return FakeInternet(server)
