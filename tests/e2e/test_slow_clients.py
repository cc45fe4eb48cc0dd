"""Clients that are slow, many or gone: twice as many as there are threads stop nobody else."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from app.vision.bundle import REPORT, ModelBundle
from tests.e2e.server import Server, resident_kb, running
from tests.e2e.slow_client import connect, crowd, dripping, head, read_to_end, status_and_problem
from tests.photos import draw_scene, encode

PHOTO = encode(draw_scene(5, (640, 480)))
CHUNKED_HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
THREADS = 2
CROWD = 2 * THREADS
SOON_S = 2.0
LIMITS = {
    "WHICHPARK_THREADS": str(THREADS),
    "WHICHPARK_MAX_UPLOAD_BYTES": "300000",
    "WHICHPARK_MAX_HEAD_S": "2",
    "WHICHPARK_MAX_STALL_S": "2",
    "WHICHPARK_MAX_TRANSFER_S": "5",
    "WHICHPARK_MIN_BYTES_PER_S": "20000",
    "WHICHPARK_KEEPALIVE_S": "1",
    "WHICHPARK_MAX_LINGER_S": "2",
}


@pytest.fixture(scope="module")
def server(tiny_bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    variables = {"WHICHPARK_MODELS_DIR": str(tiny_bundle.path.parent), "WHICHPARK_RUNTIME": "cpu", **LIMITS}
    with running(tmp_path_factory.mktemp("server"), variables) as server:
        yield server


def ask_in_time(server: Server) -> None:
    """A probe and a photo are answered at once, whatever the others do."""
    began = time.monotonic()
    assert server.get("/healthz").status == 200
    assert server.post("/predict", PHOTO, "image/jpeg").status == 200
    assert time.monotonic() - began < SOON_S


def seconds_to_end(client: socket.socket) -> tuple[float, bytes]:
    began = time.monotonic()
    answer = read_to_end(client)
    return time.monotonic() - began, answer


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /predict HTT",
        b"POST /predict HTTP/1.1\r\nHost: x\r\n",
        head("/predict", len(PHOTO)),
        head("/predict", len(PHOTO)) + PHOTO[:1000],
        b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        head("/predict", 900_000_000) + PHOTO,
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        head("/", len(PHOTO)),
    ],
    ids=["nothing", "line", "headers", "no body", "body", "chunk", "refused", "answered", "kept", "page"],
)
def test_clients_that_stop_keep_nobody_waiting(server: Server, sent: bytes) -> None:
    with crowd(server, CROWD) as clients:
        for client in clients:
            client.sendall(sent)
        ask_in_time(server)


@pytest.mark.parametrize(
    ("sent", "dripped"),
    [
        (b"", head("/predict", len(PHOTO))[:-2] + b"X-More: " + b"a" * 500),
        (head("/predict", len(PHOTO)), PHOTO),
        (head("/predict", 900_000_000), PHOTO),
    ],
    ids=["head", "body", "refused body"],
)
def test_clients_that_drip_keep_nobody_waiting(server: Server, sent: bytes, dripped: bytes) -> None:
    with crowd(server, CROWD) as clients:
        for client in clients:
            client.sendall(sent)
        with dripping(clients, dripped, every_s=0.05):
            ask_in_time(server)


def test_clients_that_never_read_keep_nobody_waiting(server: Server) -> None:
    requests = b"GET /model/report HTTP/1.1\r\nHost: x\r\n\r\n" * 200
    with crowd(server, CROWD, receive_bytes=2048) as clients:
        for client in clients:
            client.sendall(requests)
        ask_in_time(server)
        time.sleep(0.2)
        ask_in_time(server)


def test_a_client_that_never_reads_is_cut_off(server: Server, tiny_bundle: ModelBundle) -> None:
    assert (tiny_bundle.path / REPORT).stat().st_size * 200 > 8_000_000
    with connect(server, receive_bytes=2048) as client:
        client.sendall(b"GET /model/report HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
        time.sleep(4)
        assert len(read_to_end(client)) < 4_000_000


@pytest.mark.parametrize("sent", [b"P", b"POST /predict HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_stops_is_told_so(server: Server, sent: bytes) -> None:
    with connect(server) as client:
        client.sendall(sent)
        took_s, answer = seconds_to_end(client)
    status, problem = status_and_problem(answer)
    assert (status, problem["code"]) == (408, "request_timeout")
    assert 1.9 < took_s < 3.5


def test_a_head_that_drips_has_no_more_time_than_one_that_stops(server: Server) -> None:
    with connect(server) as client, dripping([client], head("/predict", 1)[:-2] + b"X: " + b"a" * 500, every_s=0.1):
        took_s, answer = seconds_to_end(client)
    assert status_and_problem(answer)[0] == 408
    assert 1.9 < took_s < 3.5


def test_a_connection_on_which_nothing_is_asked_is_closed_without_a_word(server: Server) -> None:
    with connect(server) as client:
        took_s, answer = seconds_to_end(client)
    assert answer == b""
    assert 1.9 < took_s < 3.5


def test_a_kept_connection_is_closed_after_its_time(server: Server) -> None:
    with connect(server) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        took_s, answer = seconds_to_end(client)
    assert answer.startswith(b"HTTP/1.1 200")
    assert 0.9 < took_s < 2.5


@pytest.mark.parametrize("path", ["/predict", "/"])
def test_a_body_that_stops_is_told_so(server: Server, path: str) -> None:
    with connect(server) as client:
        client.sendall(head(path, len(PHOTO)) + PHOTO[:1000])
        took_s, answer = seconds_to_end(client)
    status, problem = status_and_problem(answer)
    assert (status, problem["code"]) == (408, "request_timeout")
    assert b"application/problem+json" in answer
    assert 1.9 < took_s < 3.5


def test_a_body_that_drips_has_hardly_more_time_than_one_that_stops(server: Server) -> None:
    with connect(server) as client:
        client.sendall(head("/predict", len(PHOTO)))
        with dripping([client], PHOTO, every_s=0.1):
            took_s, answer = seconds_to_end(client)
    assert status_and_problem(answer)[0] == 408
    assert 1.9 < took_s < 3.5


def test_a_slow_upload_above_the_least_rate_is_answered(server: Server) -> None:
    """Three seconds, a stall of less than two in all, as on a phone."""
    body = PHOTO + bytes(150_000)
    with connect(server) as client:
        client.sendall(head("/predict", len(body), "Connection: close"))
        for at in range(0, len(body), len(body) // 12):
            client.sendall(body[at : at + len(body) // 12])
            time.sleep(0.25)
        assert status_and_problem(read_to_end(client))[0] == 200


def test_no_upload_outlasts_the_longest_time(server: Server) -> None:
    """At the least rate and more, but forever."""
    with connect(server) as client:
        began = time.monotonic()
        client.sendall(CHUNKED_HEAD)
        with pytest.raises(OSError):
            while time.monotonic() < began + 15:
                client.sendall(b"bb8\r\n" + bytes(3000) + b"\r\n")
                time.sleep(0.1)
        assert 4.5 < time.monotonic() - began < 10


def test_a_client_is_asked_for_its_body_at_once_if_it_waits_for_that(server: Server) -> None:
    with connect(server) as client:
        client.sendall(head("/predict", len(PHOTO), "Expect: 100-continue", "Connection: close"))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(PHOTO)
        assert read_to_end(client).startswith(b"HTTP/1.1 200")


def test_a_client_is_not_asked_for_a_body_that_would_be_refused(server: Server) -> None:
    with connect(server) as client:
        client.sendall(head("/predict", 300_001, "Expect: 100-continue"))
        assert read_to_end(client).startswith(b"HTTP/1.1 413")


def test_requests_in_one_piece_are_answered_one_by_one(server: Server) -> None:
    ask = head("/predict", len(PHOTO)) + PHOTO
    with connect(server) as client:
        client.sendall(
            ask + b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n" + ask.replace(b"Host", b"Connection: close\r\nHost")
        )
        answer = read_to_end(client)
    assert [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]] == [200, 404, 200]


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\n",
        b"5\r\nabcdefgh\r\n0\r\n\r\n",
        b"5;=\r\nabcde\r\n0\r\n\r\n",
        b"0\r\nbad trailer\r\n\r\n",
        b"-5\r\n\r\n",
    ],
)
def test_broken_chunks_are_the_clients_matter(server: Server, chunks: bytes) -> None:
    with connect(server) as client:
        client.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        client.sendall(chunks)
        assert status_and_problem(read_to_end(client))[0] == 400


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "malformed_request"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 431, "head_too_large"),
        (b"a" * 70_000, 431, "head_too_large"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400, "malformed_request"),
    ],
)
def test_what_is_no_http_gets_an_error_like_every_other(server: Server, sent: bytes, status: int, code: str) -> None:
    with connect(server) as client:
        client.sendall(sent)
        answer = read_to_end(client)
    assert status_and_problem(answer)[0] == status
    assert status_and_problem(answer)[1]["code"] == code
    assert b"Content-Security-Policy: default-src 'none'" in answer


def test_slow_clients_do_not_hold_the_end(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    variables = {"WHICHPARK_MODELS_DIR": str(tiny_bundle.path.parent), "WHICHPARK_RUNTIME": "cpu", **LIMITS}
    with running(tmp_path, variables) as server, ExitStack() as stack:
        for sent in (b"", b"GET", head("/predict", len(PHOTO)), b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"):
            stack.enter_context(connect(server)).sendall(sent)
        ask_in_time(server)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 7
        assert "Traceback" not in server.log


def is_closed(client: socket.socket) -> bool:
    try:
        return not client.recv(1, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_more_connections_than_the_limit_cost_those_that_do_nothing(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    variables = {"WHICHPARK_MODELS_DIR": str(tiny_bundle.path.parent), "WHICHPARK_RUNTIME": "cpu"}
    with running(tmp_path, {**variables, "WHICHPARK_MAX_CONNECTIONS": "8"}) as server, ExitStack() as stack:
        clients = [stack.enter_context(connect(server)) for _ in range(30)]
        ask_in_time(server)
        assert sum(is_closed(client) for client in clients) >= 22
        slow = [stack.enter_context(connect(server)) for _ in range(30)]
        for client in slow:
            with suppress(OSError):
                client.sendall(b"POST /predict HTTP/1.1\r\n")
        ask_in_time(server)
        assert sum(is_closed(client) for client in slow) >= 22


def test_bodies_that_arrive_have_a_common_limit(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    variables = {"WHICHPARK_MODELS_DIR": str(tiny_bundle.path.parent), "WHICHPARK_RUNTIME": "cpu"}
    limits = {"WHICHPARK_MAX_UPLOAD_BYTES": "300000", "WHICHPARK_MAX_HELD_UPLOADS": "2"}
    with running(tmp_path, {**variables, **limits}) as server, crowd(server, 3) as clients:
        for client in clients:
            client.sendall(head("/predict", 300_000) + bytes(250_000))
        answer = read_to_end(clients[0])
        assert status_and_problem(answer)[1]["code"] == "busy"
        assert b"Retry-After: 1" in answer
        ask_in_time(server)


def test_bodies_that_never_ended_do_not_stay_in_memory(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    """Twelve of 19 MB: ten of them are held, and nothing is when their clients have gone."""
    variables = {"WHICHPARK_MODELS_DIR": str(tiny_bundle.path.parent), "WHICHPARK_RUNTIME": "cpu"}
    with running(tmp_path, variables) as server:
        ask_in_time(server)
        before_kb = resident_kb(server)
        with crowd(server, 12) as clients:
            for client in clients:
                with suppress(OSError):
                    client.sendall(head("/predict", 20_000_000) + bytes(19_000_000))
            assert 100_000 < resident_kb(server) - before_kb < 300_000
            ask_in_time(server)
        until = time.monotonic() + 10
        while resident_kb(server) > before_kb + 60_000 and time.monotonic() < until:
            time.sleep(0.1)
        assert resident_kb(server) < before_kb + 60_000
