"""What a photo costs on its way in: `make bench-intake`.

A drawn JPEG of 12 megapixels and some 4 MB, sent in every way to a real server whose network costs nothing; beside it
what decoding alone takes, with the least that must come before it (a loop that takes the bytes off a socket), and
what reading a form takes with our parser and with Werkzeug's. The ways take turns, so that a machine that is busy with
other things is busy for all of them; what is told are medians. Processor time is the worker's own, of all its threads;
the clock also has the client's sending.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import socket
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from app.intake.arrived_body import ArrivedBody
from app.intake.body import InMemoryRequest
from app.intake.upload import read_upload
from app.ops.memory import return_freed_memory
from app.vision.image_io import open_image
from tests.e2e.server import COMMAND, Server, multipart, running
from tests.forms import make_request
from tests.photos import draw_scene, encode

SIZE, QUALITY = (4000, 3000), 94
DECODE_PX = 64  # As the server of this benchmark decodes it: at an eighth, as it would for any network up to 375 px.
DECODING = "decoding alone"
RECEIVED = "off a socket by a bare loop"

_PIECE_BYTES = 131_072
Spent = tuple[float, float]  # processor, clock; in seconds
Way = Callable[[], Spent]


def draw_photo(size: tuple[int, int] = SIZE) -> bytes:
    """A JPEG that is as large as a phone's."""
    return encode(draw_scene(1, size), quality=QUALITY)


def measure(photo: bytes, n: int) -> dict[str, Spent]:
    """Of each way in, the medians of `n` times, after one that does not count."""
    with _server() as server, _bare_loop() as (address, pid):
        ways = _alone(photo) | {RECEIVED: _taken(photo, address, pid)} | _sent(photo, server)
        spent: dict[str, list[Spent]] = defaultdict(list)
        for _ in range(n + 1):
            for name, way in ways.items():
                spent[name].append(way())
    return {name: _medians(times[1:]) for name, times in spent.items()}


def table(photo: bytes, n: int, found: Mapping[str, Spent]) -> str:
    """For people."""
    decoding = found[DECODING][0]
    lines = [f"A JPEG of {len(photo) / 1e6:.1f} MB, medians of {n}", f"{'':34}processor     clock  of decoding"]
    for name, (processor_s, clock_s) in found.items():
        share = f"{100 * processor_s / decoding:6.0f} %"
        lines.append(f"{name:34}{1000 * processor_s:6.1f} ms {1000 * clock_s:6.1f} ms     {share}")
    return "\n".join(lines)


def _alone(photo: bytes) -> dict[str, Way]:
    """What happens in this process: the photo decoded, its form read."""
    body, content_type = multipart(photo)
    options = parse_options_header(content_type)[1]

    def with_werkzeug() -> None:
        _, _, files = FormDataParser().parse(io.BytesIO(body), "multipart/form-data", len(body), options)
        files["photo"].close()  # It is a temporary one.

    return {
        DECODING: _timed(lambda: open_image(photo, decode_px=DECODE_PX)),
        "reading its form": _timed(lambda: read_upload(_arrived_request(body, content_type))),
        "reading its form with Werkzeug's": _timed(with_werkzeug),
    }


def _arrived_request(body: bytes, content_type: str) -> InMemoryRequest:
    """A request as the server's worker hands it over, in the pieces that it takes off a socket."""
    pieces = [body[at : at + _PIECE_BYTES] for at in range(0, len(body), _PIECE_BYTES)]
    return make_request(body, content_type, **{"wsgi.input": ArrivedBody(pieces)})


def _sent(photo: bytes, server: Server) -> dict[str, Way]:
    """Whole requests to the server, the photo decoded and the answer made."""
    in_json = json.dumps({"photos": [{"base64": base64.b64encode(photo).decode()}]}).encode()
    bodies = {
        "sent as the body": (photo, "image/jpeg"),
        "sent as a form": multipart(photo),
        "sent as base64 in JSON": (in_json, "application/json"),
    }
    return {name: _asked(server, *body) for name, body in bodies.items()}


@contextmanager
def _bare_loop() -> Iterator[tuple[tuple[str, int], int]]:
    """The address and the process of a loop that takes photos off a socket, decodes them, and says so with a byte."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        loop = get_context("fork").Process(target=_take_and_decode, args=(listener,), daemon=True)
        loop.start()
        assert loop.pid is not None
        yield listener.getsockname(), loop.pid
        loop.kill()
        loop.join()


def _take_and_decode(listener: socket.socket) -> None:
    while True:
        client, _ = listener.accept()
        with client:
            photo = b"".join(iter(partial(client.recv, 131_072), b""))
            open_image(photo, decode_px=DECODE_PX)
            client.sendall(b".")


def _taken(photo: bytes, address: tuple[str, int], pid: int) -> Way:
    def way() -> Spent:
        processor, clock = _processor_s(pid), time.perf_counter()
        with socket.create_connection(address) as loop:
            loop.sendall(photo)
            loop.shutdown(socket.SHUT_WR)
            assert loop.recv(1) == b"."
        return _processor_s(pid) - processor, time.perf_counter() - clock

    return way


def _timed(work: Callable[[], object]) -> Way:
    def way() -> Spent:
        processor, clock = time.thread_time(), time.perf_counter()
        work()
        return time.thread_time() - processor, time.perf_counter() - clock

    return way


def _asked(server: Server, body: bytes, content_type: str) -> Way:
    def way() -> Spent:
        processor, clock = _worker_s(server), time.perf_counter()
        answer = server.post("/api/v1/predict", body, content_type)
        assert answer.status == 200, answer.body
        return _worker_s(server) - processor, time.perf_counter() - clock

    return way


def _worker_s(server: Server) -> float:
    """Processor time of the server's only worker so far, in seconds."""
    [pid] = server.workers()
    return _processor_s(pid)


def _processor_s(pid: int) -> float:
    """Processor time of all threads of a process so far, in seconds."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def _medians(times: list[Spent]) -> Spent:
    processor, clock = (statistics.median(column) for column in zip(*times, strict=True))
    return processor, clock


@contextmanager
def _server() -> Iterator[Server]:
    """One whose network lets everything through at once."""
    with tempfile.TemporaryDirectory() as folder:
        gate = Path(folder, "gate")
        gate.touch()
        command = (*COMMAND[:-1], "tests.e2e.gated_app:create()")
        with running(Path(folder), {"GATE": str(gate)}, command=command) as server:
            yield server


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.intake", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="how often each way is gone")
    n = parser.parse_args().times
    return_freed_memory()  # As every worker does.
    photo = draw_photo()
    print(table(photo, n, measure(photo, n)))


if __name__ == "__main__":
    main()
