"""Requests that are nearly HTTP: each ends in time with an answer or a closed connection, and none is our failure.

`make fuzz` mutates what is inside of requests; this is about the requests themselves, which the worker reads.
"""

from __future__ import annotations

import random
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.vision.bundle import ModelBundle
from tests.e2e.server import Server, running
from tests.e2e.slow_client import connect, head, read_to_end
from tests.photos import draw_scene, encode

PHOTO = encode(draw_scene(5, (160, 120)))
CHUNKED = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
REQUESTS = (
    head("/predict", len(PHOTO)) + PHOTO,
    CHUNKED + b"%x\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (len(PHOTO), PHOTO),
    b"GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n" * 3,
    head("/predict", len(PHOTO), "Expect: 100-continue") + PHOTO,
)
PIECES = (
    *(b"\r\n", b"\n", b"\0", b":", b"0", b"-1", b"9" * 30, b";", b"\xff", b"%00", b"\r\n\r\n", b"chunked", b"HTTP/1.0"),
    *(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"ffffffffffffffff\r\n"),
)
SHORT_S = {"MAX_HEAD": "0.3", "MAX_STALL": "0.3", "KEEPALIVE": "0.2", "MAX_LINGER": "0.5"}
LONGEST_S = 6.0


def mutated(seed: int) -> bytes:
    """A request with one to six changes, mostly where its head is."""
    rng = random.Random(seed)
    data = bytearray(rng.choice(REQUESTS))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(min(len(data), rng.choice([200, len(data)])) + 1)
        change = rng.randrange(5)
        if change == 0:
            data[at:at] = rng.choice(PIECES)
        elif change == 1:
            del data[at : at + rng.randint(1, 20)]
        elif change == 2:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif change == 3:
            data[at:at] = data[: rng.randint(1, 100)]
        elif rng.random() < 0.3:
            del data[at:]
    return bytes(data)


@pytest.fixture(scope="module")
def server(tiny_bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits = {f"WHICHPARK_{name}_S": seconds for name, seconds in SHORT_S.items()}
    variables = {"WHICHPARK_MODELS_DIR": str(tiny_bundle.path.parent), "WHICHPARK_RUNTIME": "cpu", **limits}
    with running(tmp_path_factory.mktemp("server"), variables) as server:
        yield server


def exchange(server: Server, seed: int) -> tuple[float, bytes]:
    """How long the connection lasted, and what came back."""
    began = time.monotonic()
    with connect(server) as client:
        try:
            client.sendall(mutated(seed))
            if seed % 3 == 0:
                client.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        answer = read_to_end(client)
    return time.monotonic() - began, answer


def test_what_is_nearly_http_does_no_harm(server: Server) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda seed: exchange(server, seed), range(240)))
    statuses = {int(code) for _, answer in found for code in re.findall(rb"HTTP/1\.\d (\d{3})", answer)}
    assert max(took_s for took_s, _ in found) < LONGEST_S
    assert {200, 400, 408} <= statuses
    assert [status for status in statuses if status >= 500] == []
    assert server.post("/predict", PHOTO, "image/jpeg").status == 200
    for word in ("Traceback", "a connection is dropped", "outside the application"):
        assert word not in server.log


def test_nothing_of_it_stays_open(server: Server) -> None:
    [pid] = server.workers()
    files = Path(f"/proc/{pid}/fd")
    before = len(list(files.iterdir()))
    for seed in range(300, 312):
        exchange(server, seed)
    until = time.monotonic() + 5
    while len(list(files.iterdir())) > before + 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert len(list(files.iterdir())) <= before + 2
