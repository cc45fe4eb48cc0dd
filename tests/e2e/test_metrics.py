"""Metrics and logs of a real server with two workers: right whichever answers, and told to nobody else."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.ops.metrics.catalogue import METRICS
from app.vision.bundle import CURRENT, ModelBundle
from tests.e2e.asked import environment, until
from tests.e2e.server import Server, free_port, multipart, running
from tests.e2e.test_changing import gated, held_by, n_seen
from tests.photos import draw_scene, encode

PHOTO = encode(draw_scene(5, (640, 480)))
N_PHOTOS, N_DAMAGED = 24, 6


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(tiny_bundle: ModelBundle, tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Server]:
    more = {"WEB_CONCURRENCY": "2", "WHICHPARK_METRICS": f"127.0.0.1:{port}", "WHICHPARK_LOG_FORMAT": "json"}
    with running(tmp_path_factory.mktemp("metrics"), environment(tiny_bundle.path.parent, **more)) as server:
        until(lambda: total(samples(server, port), "whichpark_model_loads_total") == 2, "both workers are warm")
        yield server


def samples(server: Server, port: int) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The numbers, by name and labels."""
    answer = Server(server.process, port, server.log_file).get("/metrics")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.body.decode())
    return {(row.name, frozenset(row.labels.items())): row.value for family in families for row in family.samples}


def total(found: Mapping[tuple[str, frozenset[tuple[str, str]]], float], series: str, /, **labels: str) -> float:
    return sum(value for (name, has), value in found.items() if name == series and labels.items() <= dict(has).items())


def test_totals_are_those_of_what_was_sent_whichever_worker_answers(server: Server, port: int) -> None:
    before = samples(server, port)
    form, form_type = multipart(PHOTO)
    with ThreadPoolExecutor(6) as pool:
        sent = [pool.submit(server.post, "/predict", PHOTO, "image/jpeg") for _ in range(N_PHOTOS // 2)]
        sent += [pool.submit(server.post, "/", form, form_type) for _ in range(N_PHOTOS // 2)]
        sent += [pool.submit(server.post, "/predict", PHOTO[:200], "image/jpeg") for _ in range(N_DAMAGED)]
        statuses = sorted(future.result().status for future in sent)
    assert statuses == [200] * N_PHOTOS + [422] * N_DAMAGED
    for _ in range(12):  # Both workers are asked, and say the same.
        after = samples(server, port)
        grown = {key: value - before.get(key, 0.0) for key, value in after.items()}
        assert total(grown, "whichpark_requests_total", route="/predict", status="200", code="ok") == N_PHOTOS / 2
        assert total(grown, "whichpark_requests_total", route="/", method="POST", status="200") == N_PHOTOS / 2
        assert total(grown, "whichpark_requests_total", status="422", code="damaged_image") == N_DAMAGED
        assert total(grown, "whichpark_photos_refused_total", code="damaged_image") == N_DAMAGED
        assert total(grown, "whichpark_verdicts_total") == N_PHOTOS
        assert total(grown, "whichpark_confidence_count") == N_PHOTOS
        assert 0 < total(grown, "whichpark_confidence_sum") <= N_PHOTOS
        for step in ("decode", "queue", "inference"):
            assert total(grown, f"whichpark_{step}_seconds_count") == N_PHOTOS
        assert total(grown, "whichpark_batch_photos_sum") == N_PHOTOS
        assert total(grown, "whichpark_internal_errors_total") == 0


def test_both_workers_and_their_model_are_shown(server: Server, port: int) -> None:
    found = samples(server, port)
    assert found["whichpark_workers", frozenset()] == 2
    assert total(found, "whichpark_model_info", name="toy", version="1") == 2
    assert total(found, "whichpark_model_loads_total", outcome="ok") == 2
    sizes = [value for (name, _), value in found.items() if name == "whichpark_worker_resident_bytes"]
    resident = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 for pid in server.workers()]
    assert sorted(sizes) == pytest.approx(sorted(resident), rel=0.2)


def test_every_metric_of_the_catalogue_is_shown_and_no_other(server: Server, port: int) -> None:
    answer = Server(server.process, port, server.log_file).get("/metrics")
    shown = set(re.findall(r"^# TYPE (\S+) ", answer.body.decode(), re.MULTILINE))
    assert shown == {metric.name for metric in METRICS}


@pytest.mark.parametrize("path", ["/metrics", "/metrics?x", "//metrics", "/metrics/"])
def test_visitors_are_told_nothing(server: Server, path: str) -> None:
    answer = server.get(path)
    assert answer.status in (404, 308) and b"whichpark_requests" not in answer.body


@pytest.mark.parametrize("path", ["/", "/predict", "/healthz", "/api/v1/model", "/static/style.css", "/docs"])
def test_at_the_port_of_metrics_there_is_nothing_else(server: Server, port: int, path: str) -> None:
    there = Server(server.process, port, server.log_file)
    assert there.get(path).status == 404
    assert there.post(path, PHOTO, "image/jpeg").status == 404


def test_what_visitors_invent_makes_no_series(server: Server, port: int) -> None:
    server.get("/first-of-these")
    server.send("BREW", "/")
    n_before = len(samples(server, port))
    for i in range(30):
        server.get(f"/made-up-{i}")
        server.send(f"METHOD{i}", f"/made-up-{i}?x={i}", headers={"X-Request-ID": f"id-{i}", "Host": f"h{i}"})
    assert len(samples(server, port)) <= n_before + 20  # Of a code or status met here for the first time.


def test_every_line_of_the_log_is_json_and_says_what_became_of_the_request(server: Server) -> None:
    body, kind = multipart(PHOTO, name="Secret-Of-The-Sender.jpg")
    server.send("POST", "/predict?top_k=1", body, {"Content-Type": kind, "X-Request-ID": "trace-json-1"})
    until(lambda: "trace-json-1" in server.log, "the line is written")
    lines = [json.loads(line) for line in server.log.splitlines()]
    assert {"gunicorn.error", "app.request", "app.inference.model_slot"} <= {line["logger"] for line in lines}
    [line] = [line for line in lines if line.get("request_id") == "trace-json-1"]
    assert line | {"time": 0, "seconds": 0, "message": "", "photos": []} == {
        "time": 0,
        "level": "info",
        "logger": "app.request",
        "message": "",
        "request_id": "trace-json-1",
        "method": "POST",
        "path": "/predict",
        "route": "/predict",
        "status": 200,
        "code": "ok",
        "seconds": 0,
        "photos": [],
    }
    assert line["photos"][0] in ("match", "unsure", "unknown") and 0 < line["seconds"] < 60
    assert "Secret" not in server.log and "127.0.0.1" not in re.sub(r"Listening at[^\"]*", "", server.log)


def test_no_total_falls_when_a_worker_dies(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    port = free_port()
    more = {"WEB_CONCURRENCY": "2", "WHICHPARK_METRICS": f"127.0.0.1:{port}"}
    with running(tmp_path, environment(tiny_bundle.path.parent, **more)) as server:
        for _ in range(8):
            assert server.post("/predict", PHOTO, "image/jpeg").status == 200
        killed = server.workers()[0]
        os.kill(killed, signal.SIGKILL)
        until(lambda: total(samples(server, port), "whichpark_model_loads_total") == 3, "another worker has come")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: total(samples(server, port), "whichpark_model_loads_total") == 5, "two others have come")
        until(lambda: samples(server, port)["whichpark_workers", frozenset()] == 2, "the old ones have gone")
        found = samples(server, port)
        assert total(found, "whichpark_verdicts_total") == 8
        assert total(found, "whichpark_model_info") == 2


def test_what_waits_is_shown(tmp_path: Path) -> None:
    port, gate = free_port(), tmp_path / "gate"
    more = {"WHICHPARK_THREADS": "1", "WHICHPARK_METRICS": f"127.0.0.1:{port}"}
    with gated(tmp_path, gate, **more) as server, ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(server.post, "/predict", PHOTO, "image/jpeg") for _ in range(3)]
        until(lambda: n_seen(gate) == 1 and len(held_by(server)) == 3, "the worker has all three")
        until(lambda: total(samples(server, port), "whichpark_queued_requests") == 2, "two are shown to wait")
        assert total(samples(server, port), "whichpark_answering_requests") == 1
        assert total(samples(server, port), "whichpark_connections") >= 3
        gate.touch()
        assert [future.result(30).status for future in asked] == [200] * 3
        until(lambda: total(samples(server, port), "whichpark_answering_requests") == 0, "nothing is left")


def test_a_bundle_that_is_refused_is_shown(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    port, models = free_port(), tmp_path / "models"
    models.mkdir()
    (models / tiny_bundle.path.name).symlink_to(tiny_bundle.path)
    (models / CURRENT).write_text(tiny_bundle.path.name)
    with running(tmp_path, environment(models, WHICHPARK_METRICS=f"127.0.0.1:{port}")) as server:
        (models / CURRENT).write_text("none-1")
        until(lambda: total(samples(server, port), "whichpark_bundle_refused", code="bundle_missing") == 1, "refused")
        assert total(samples(server, port), "whichpark_model_info", version="1") == 1
