"""Nothing that is sent comes to lie on a disk, or in a log: a server that may write to no file does all its work."""

from __future__ import annotations

import base64
import io
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from app.vision.bundle import ModelBundle
from tests.conftest import ROOT
from tests.e2e.server import COMMAND, TESTS_ASK_OFTEN, Server, free_port, multipart, wait_for
from tests.photos import draw_scene, encode

# Above every threshold at which a library might use a temporary file (Werkzeug: 500 kB).
LARGE = encode(draw_scene(1, (3000, 2000)), "BMP")
NAME = "Secret-Of-The-Sender.jpg"


def may_write_no_file() -> None:
    """Ends every write to a file, of this process and its children, with an error; pipes are none."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@contextmanager
def unable_to_write(folder: Path, bundle: ModelBundle) -> Iterator[Server]:
    """A server whose log goes through a pipe."""
    log_file, port = folder / "log", free_port()
    settings = {"WHICHPARK_MODELS_DIR": str(bundle.path.parent), "WHICHPARK_LOG_LEVEL": "debug", **TESTS_ASK_OFTEN}
    variables = {
        **os.environ,
        **settings,
        "PORT": str(port),
        "PYTHONDONTWRITEBYTECODE": "1",
        "WHICHPARK_RUNTIME": "cpu",
    }
    process = subprocess.Popen(
        COMMAND, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=may_write_no_file
    )
    assert process.stdout is not None
    copier = threading.Thread(target=copy, args=(process.stdout, log_file))
    copier.start()
    try:
        server = Server(process, port, log_file)
        wait_for(server, "/readyz", 200)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)
        copier.join()
        process.stdout.close()


def copy(source: io.BufferedReader, target: Path) -> None:
    with target.open("wb", buffering=0) as file:
        while data := source.read1(65_536):
            file.write(data)


def test_the_limit_ends_every_write(tmp_path: Path) -> None:
    code = f"import tempfile; tempfile.TemporaryFile(dir={str(tmp_path)!r}, buffering=0).write(b'x')"
    done = subprocess.run([sys.executable, "-c", code], preexec_fn=may_write_no_file, capture_output=True)
    assert b"File too large" in done.stderr


@pytest.fixture(scope="module")
def server(tiny_bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with unable_to_write(tmp_path_factory.mktemp("privacy"), tiny_bundle) as server:
        yield server


@pytest.mark.parametrize("path", ["/predict", "/", "/how-it-works"])
def test_a_large_form_is_answered_without_a_file(server: Server, path: str) -> None:
    form, form_type = multipart(LARGE, name=NAME)
    assert len(form) > 15_000_000
    assert server.post(path, form, form_type).status == 200


def test_every_other_way_of_sending_a_large_photo_is_answered_without_a_file(server: Server) -> None:
    in_json = json.dumps({"photos": [{"base64": base64.b64encode(LARGE[: len(LARGE) // 2]).decode()}]}).encode()
    assert server.post("/predict", LARGE, "image/bmp").status == 200
    assert server.post("/predict", in_json, "application/json").status == 422  # Half of it: looked at, and refused.
    connection = server.connect()
    chunks = (LARGE[at : at + 1_000_000] for at in range(0, len(LARGE), 1_000_000))
    connection.request("POST", "/predict", chunks, {"Content-Type": "image/bmp"}, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


def test_a_photo_that_another_process_decodes_needs_no_file(server: Server) -> None:
    image, file = draw_scene(2, (1200, 900)), io.BytesIO()
    pillow_heif.encode("RGB", image.size, image.tobytes(), file, quality=90)
    assert server.post("/predict", file.getvalue(), "image/heic").status == 200


def test_what_is_refused_is_written_nowhere(server: Server) -> None:
    bomb = encode(Image.new("1", (20_000, 20_000)), "PNG")
    assert server.post("/predict", bomb, "image/png").status == 413
    assert server.post("/predict", bytes(25_000_000), "image/png").status == 413
    assert server.post("/predict", LARGE[:1000], "image/bmp").status == 422


def test_the_log_has_nothing_of_what_was_sent(server: Server) -> None:
    form, form_type = multipart(encode(draw_scene(4)), name=NAME)
    headers = dict.fromkeys(("X-API-Key", "Cookie", "Referer", "User-Agent"), NAME) | {"Content-Type": form_type}
    assert server.send("POST", f"/predict?top_k=1&note={NAME}", form, headers).status == 200
    until = time.monotonic() + 5
    while "POST /predict 200" not in server.log and time.monotonic() < until:
        time.sleep(0.01)
    assert "POST /predict 200" in server.log
    assert NAME not in server.log and "note=" not in server.log
    assert "Traceback" not in server.log
    assert max(map(len, server.log.splitlines())) < 400
