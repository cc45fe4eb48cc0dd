"""The application on an internet of this machine: `slow.example` never finishes, every other host sends a photo."""

from __future__ import annotations

import os
from ipaddress import ip_address

from flask import Flask

from app.config import Settings
from app.factory import create_app
from app.intake.url_fetch.connect import Connector, dial
from app.intake.url_fetch.fetcher import UrlFetcher
from app.intake.url_fetch.limits import FetchLimits
from tests.intake.url_fetch.internet import LOCAL, HostileServer, reply
from tests.photos import draw_scene, encode

MAX_S = 1.5
QUICK, SLOW = ip_address("93.184.216.1"), ip_address("93.184.216.2")


def make() -> Flask:
    quick, slow = HostileServer(), HostileServer()
    quick.plays(reply(encode(draw_scene(5, (640, 480)))))
    slow.plays(slow.drips(b"HTTP/1.1 200 OK\r\n\r\n", b"a"))
    ports = {"93.184.216.1": quick.port, "93.184.216.2": slow.port}
    connector = Connector(
        lambda host, deadline: [SLOW if host == "slow.example" else QUICK],
        dial=lambda address, port, timeout_s: dial(LOCAL, ports[str(address)], timeout_s),
    )
    fetcher = UrlFetcher(FetchLimits(max_s=MAX_S, max_fetches=2), "tests", connector)
    return create_app(Settings.from_environ(os.environ), fetcher=fetcher)
