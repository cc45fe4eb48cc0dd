"""The server as an operator starts it, and clients of every kind."""

from __future__ import annotations

import base64
import json
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from app.vision.bundle import ModelBundle
from tests.e2e.server import Answer, Server, multipart, read_answer, resident_kb, running
from tests.photos import draw_scene, encode, encode_heic

LIMIT_BYTES = 300_000
PHOTO = encode(draw_scene(5, (640, 480)))


def environment(bundle: ModelBundle, **more: str) -> dict[str, str]:
    return {
        "WHICHPARK_MODELS_DIR": str(bundle.path.parent),
        "WHICHPARK_RUNTIME": "cpu",
        "WHICHPARK_MAX_UPLOAD_BYTES": str(LIMIT_BYTES),
        **more,
    }


@pytest.fixture(scope="module")
def server(tiny_bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), environment(tiny_bundle)) as server:
        yield server


def ask(server: Server, photo: bytes = PHOTO) -> Answer:
    return server.post("/api/v1/predict", photo, "image/jpeg")


def probabilities(answer: Answer) -> dict[str, float]:
    assert answer.status == 200, answer.body
    return {row["label"]: row["probability"] for row in answer.json["results"][0]["predictions"]}


def test_the_server_tells_what_it_serves(server: Server) -> None:
    assert server.get("/readyz").json["model"] == {"name": "toy", "version": "1"}
    assert server.get("/api/v1/model").json["runtime"] == "onnxruntime on CPU"


def test_a_photo_may_be_sent_in_three_ways(server: Server, tiny_bundle: ModelBundle) -> None:
    form, form_type = multipart(PHOTO)
    in_json = json.dumps({"photos": [{"base64": base64.b64encode(PHOTO).decode()}]}).encode()
    answers = [
        server.post("/api/v1/predict", form, form_type),
        ask(server),
        server.post("/predict", in_json, "application/json"),
    ]
    found = [probabilities(answer) for answer in answers]
    assert found[0] == found[1] == found[2]
    assert set(found[0]) == set(tiny_bundle.card.vocab)
    assert sum(found[0].values()) == pytest.approx(1, abs=1e-5)


def test_a_photo_may_come_in_chunks(server: Server) -> None:
    connection = server.connect()
    chunks = iter([PHOTO[:1000], PHOTO[1000:5000], PHOTO[5000:]])
    connection.request("POST", "/predict", chunks, {"Content-Type": "image/jpeg"}, encode_chunked=True)
    assert probabilities(read_answer(connection.getresponse())) == probabilities(ask(server))
    connection.close()


def test_a_browser_gets_pages(server: Server) -> None:
    form, form_type = multipart(PHOTO)
    page, result = server.get("/"), server.post("/", form, form_type, Accept="text/html")
    assert page.status == result.status == 200
    assert b'type="file"' in page.body and b'enctype="multipart/form-data"' in page.body
    assert b"data:image/png;base64," in result.body
    assert result.headers["content-type"].startswith("text/html")
    assert server.get("/static/style.css").status == server.get("/model/report").status == 200


def test_several_requests_share_a_connection(server: Server) -> None:
    connection = server.connect()
    for _ in range(3):
        connection.request("POST", "/predict", PHOTO, {"Content-Type": "image/jpeg"})
        assert read_answer(connection.getresponse()).status == 200
    connection.close()


@pytest.mark.parametrize("size", [LIMIT_BYTES + 1, 20 * LIMIT_BYTES])
@pytest.mark.parametrize("content_type", ["image/jpeg", "application/json", "multipart/form-data; boundary=x"])
def test_a_body_over_the_limit_is_refused_by_its_length(server: Server, size: int, content_type: str) -> None:
    answer = server.post("/predict", bytes(size), content_type)
    assert (answer.status, answer.json["code"]) == (413, "request_too_large")


def test_a_body_of_the_limit_is_read(server: Server) -> None:
    answer = server.post("/predict", PHOTO + bytes(LIMIT_BYTES - len(PHOTO)), "image/jpeg")
    assert probabilities(answer) == probabilities(ask(server))


@pytest.mark.parametrize("n_chunks", [4, 60])
def test_a_body_over_the_limit_is_refused_in_chunks(server: Server, n_chunks: int) -> None:
    connection = server.connect()
    chunks = (bytes(100_000) for _ in range(n_chunks))
    connection.request("POST", "/predict", chunks, {"Content-Type": "image/jpeg"}, encode_chunked=True)
    answer = read_answer(connection.getresponse())
    connection.close()
    assert (answer.status, answer.json["code"]) == (413, "request_too_large")


def begin_upload(server: Server, part: bytes) -> socket.socket:
    """A connection that has sent its head and a part of its body."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: {len(PHOTO)}\r\n\r\n"
    client.sendall(head.encode() + part)
    return client


def test_a_slow_upload_keeps_nobody_waiting(server: Server) -> None:
    expected = probabilities(ask(server))
    with begin_upload(server, PHOTO[:1000]) as client:
        assert probabilities(ask(server)) == expected
        client.sendall(PHOTO[1000:])
        assert client.recv(12) == b"HTTP/1.1 200"


def test_aborted_uploads_do_no_harm(server: Server) -> None:
    expected = probabilities(ask(server))
    for cut in (0, 1, 1000, len(PHOTO) - 1) * 3:
        begin_upload(server, PHOTO[:cut]).close()
    assert probabilities(ask(server)) == expected
    assert "Traceback" not in server.log
    assert " 500 " not in server.log


@pytest.mark.parametrize(
    "rubbish", [b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"POST / HTTP/9.9\r\n\r\n"]
)
def test_what_is_no_http_does_no_harm(server: Server, rubbish: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(rubbish)
    assert ask(server).status == 200


def test_parallel_requests_get_what_each_would_get_alone(server: Server) -> None:
    photos = [encode(draw_scene(seed, (200 + 40 * seed, 300))) for seed in range(8)]
    alone = [probabilities(ask(server, photo)) for photo in photos]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda photo: probabilities(ask(server, photo)), photos * 4))
    assert together == alone * 4


def test_photos_that_are_decoded_in_children_leave_none(server: Server) -> None:
    scene = draw_scene(5, (640, 480))
    photos = [encode(scene, "AVIF", quality=95), encode_heic(draw_scene(5, (160, 120))), PHOTO[:300]] * 4
    with ThreadPoolExecutor(6) as pool:
        statuses = [answer.status for answer in pool.map(lambda photo: ask(server, photo), photos)]
    assert statuses == [200, 200, 422] * 4
    [pid] = server.workers()
    assert [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children") if path.read_text()] == []


def test_the_cpu_runtime_loads_no_torch(server: Server) -> None:
    assert ask(server).status == 200
    for pid in server.workers():
        maps = Path(f"/proc/{pid}/maps").read_text()
        assert "libtorch" not in maps
        assert "onnxruntime" in maps


def test_large_photos_do_not_stay_in_memory(server: Server) -> None:
    """48 megapixels are 200 MB while they are decoded; glibc by itself would keep them."""
    photo = encode(Image.new("RGBA", (8000, 6000), "green"), "PNG")
    before_kb = resident_kb(server)
    with ThreadPoolExecutor(4) as pool:
        assert {answer.status for answer in pool.map(lambda _: ask(server, photo), range(12))} == {200}
    assert resident_kb(server) < before_kb + 100_000


def test_the_master_loads_no_runtime(server: Server) -> None:
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert not [library for library in ("libtorch", "onnxruntime", "numpy") if library in maps]


def test_nothing_that_was_asked_is_a_failure_of_the_server(server: Server) -> None:
    for path in ("/nowhere", "/predict", "/%00", "/api/v1/predict?top_k=x", "/static/../app/config.py"):
        assert server.get(path).status in (400, 404, 405)
    assert "Traceback" not in server.log


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_server_ends_well_when_asked(tiny_bundle: ModelBundle, tmp_path: Path, workers: str) -> None:
    with running(tmp_path, environment(tiny_bundle, WEB_CONCURRENCY=workers)) as server:
        assert len(server.workers()) == int(workers)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: probabilities(ask(server)), range(16)))
        assert answers == answers[:1] * 16
        assert server.stop() == 0
        assert "Traceback" not in server.log


def test_a_request_that_has_begun_is_answered_before_the_end(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    with running(tmp_path, environment(tiny_bundle)) as server:
        expected = probabilities(ask(server))
        client = begin_upload(server, PHOTO[:1000])
        assert ask(server).status == 200  # By now the worker has taken the upload.
        server.process.send_signal(signal.SIGTERM)
        wait_until_deaf(server)
        client.sendall(PHOTO[1000:])
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
        client.close()
        assert answer.startswith(b"HTTP/1.1 200")
        found = json.loads(answer.partition(b"\r\n\r\n")[2])["results"][0]["predictions"]
        assert {row["label"]: row["probability"] for row in found} == expected
        assert server.process.wait(timeout=20) == 0


def wait_until_deaf(server: Server) -> None:
    """Until the log tells that the signal has arrived."""
    deadline = time.monotonic() + 10
    while "Handling signal: term" not in server.log:
        assert time.monotonic() < deadline, server.log
        time.sleep(0.01)


def test_without_a_bundle_the_server_lives_and_is_not_ready(tmp_path: Path) -> None:
    with running(tmp_path, {"WHICHPARK_MODELS_DIR": str(tmp_path)}, ready=503) as server:
        assert server.get("/healthz").status == 200
        answer = ask(server)
        assert (answer.status, answer.json["code"]) == (503, "model_unavailable")
        assert str(tmp_path) not in answer.body.decode()
        assert server.stop() == 0
        assert "no model is served" in server.log


def test_a_setting_without_sense_ends_the_start_with_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="which-park: WHICHPARK_THREADS: a whole number is needed, got 'many'"),
        running(tmp_path, {"WHICHPARK_THREADS": "many"}),
    ):
        pass
    log = next(tmp_path.glob("*.log")).read_text()
    assert "Traceback" not in log


def test_a_broken_bundle_is_told_in_the_log(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    shutil.copytree(tiny_bundle.path.parent, tmp_path / "models")
    (tmp_path / "models" / "toy-1" / "model.onnx").write_bytes(b"another")
    variables = environment(tiny_bundle, WHICHPARK_MODELS_DIR=str(tmp_path / "models"))
    with running(tmp_path, variables, ready=503) as server:
        assert "model.onnx of bundle toy-1 is not the file its card names" in server.log


def test_the_torch_runtime_gives_the_same(server: Server, tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    with running(tmp_path, environment(tiny_bundle, WHICHPARK_RUNTIME="torch")) as other:
        assert other.get("/api/v1/model").json["runtime"].startswith("torch on ")
        for seed in range(3):
            photo = encode(draw_scene(seed, (500, 400)))
            assert probabilities(ask(other, photo)) == pytest.approx(probabilities(ask(server, photo)), abs=1e-3)
        assert other.stop() == 0
        assert "Traceback" not in other.log
