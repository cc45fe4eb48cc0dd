"""deploy/Caddyfile, run by the real Caddy in front of the real server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.vision.bundle import ModelBundle
from tests.conftest import ROOT
from tests.e2e.asked import environment, until
from tests.e2e.server import Server, free_port, multipart, running, wait_for
from tests.photos import draw_scene, encode
from tests.tools import tool

PHOTO = encode(draw_scene(5, (640, 480)))
LIMIT_BYTES = 1_000_000


@pytest.fixture(scope="module")
def behind(tiny_bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """The server, and the same as it is seen through the proxy."""
    caddy = tool("caddy")
    folder, port = tmp_path_factory.mktemp("proxy"), free_port()
    more = {"WHICHPARK_TRUSTED_PROXIES": "127.0.0.1", "WHICHPARK_LOG_ADDRESSES": "full", "WHICHPARK_METRICS": "off"}
    more |= {"WHICHPARK_MAX_UPLOAD_BYTES": str(LIMIT_BYTES), "WHICHPARK_KEEPALIVE_S": "60"}
    with running(folder, environment(tiny_bundle.path.parent, **more)) as server:
        variables = {**os.environ, "HOME": str(folder), "SITE": f"http://127.0.0.1:{port}"}
        command = [caddy, "run", "--config", str(ROOT / "deploy" / "Caddyfile"), "--adapter", "caddyfile"]
        with (folder / "caddy.log").open("wb") as log:
            process = subprocess.Popen(
                command, env=variables | {"APP": f"127.0.0.1:{server.port}"}, stdout=log, stderr=log
            )
        try:
            proxy = Server(process, port, Path(log.name))
            wait_for(proxy, "/readyz", 200)
            yield server, proxy
        finally:
            process.kill()
            process.wait(20)


def test_photos_go_through_it(behind: tuple[Server, Server]) -> None:
    _, proxy = behind
    body, kind = multipart(PHOTO)
    for _ in range(3):
        assert proxy.post("/predict", body, kind).status == 200


def test_forms_of_our_own_pages_are_taken_because_the_host_is_passed_on(behind: tuple[Server, Server]) -> None:
    _, proxy = behind
    body, kind = multipart(PHOTO)
    ours = {"Origin": f"http://127.0.0.1:{proxy.port}", "Sec-Fetch-Site": "same-origin"}
    assert proxy.post("/", body, kind, **ours).status == 200
    foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert proxy.post("/", body, kind, **foreign).status == 403


def test_what_a_client_says_of_its_address_is_not_believed(behind: tuple[Server, Server]) -> None:
    server, proxy = behind
    headers = {"X-Forwarded-For": "203.0.113.7", "X-Request-ID": "spoof-1"}
    assert proxy.send("GET", "/healthz", headers=headers).status == 200
    until(lambda: "spoof-1" in server.log, "the line is written")
    assert "spoof-1 from 127.0.0.1" in server.log and "203.0.113.7" not in server.log


def test_a_body_over_the_limit_is_refused_in_our_words(behind: tuple[Server, Server]) -> None:
    _, proxy = behind
    answer = proxy.post("/predict", bytes(LIMIT_BYTES + 1), "image/jpeg")
    assert (answer.status, answer.json["code"]) == (413, "request_too_large")


def test_the_proxy_adds_no_way_to_the_metrics(behind: tuple[Server, Server]) -> None:
    _, proxy = behind
    assert proxy.get("/metrics").status == 404
