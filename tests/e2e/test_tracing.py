"""Traces, as a collector gets them from a real server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from app.vision.bundle import ModelBundle
from tests.e2e.server import running
from tests.photos import draw_scene, encode

PHOTO = encode(draw_scene(5, (640, 480)))
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OFTEN = {"OTEL_BSP_SCHEDULE_DELAY": "50"}
WAIT_S = 20.0


class Collector:
    """A collector's OTLP/HTTP receiver, which keeps what comes; one that `hangs` never answers."""

    def __init__(self, hangs: bool = False) -> None:
        self.exports: list[ExportTraceServiceRequest] = []
        self.headers: list[Any] = []
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                if hangs:
                    outer.released.wait(60)
                    return
                export = ExportTraceServiceRequest()
                export.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
                outer.exports.append(export)
                outer.headers.append(self.headers)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1/traces"

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for export in list(self.exports)
            for resource in export.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def span(self, name: str, trace: str | None = None) -> Any:
        """The one of that name, in that trace; waits for it."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            found = [span for span in self.spans if span.name == name and trace in (None, span.trace_id.hex())]
            if found:
                assert len(found) == 1
                return found[0]
            time.sleep(0.02)
        raise AssertionError(f"no span {name}, but {[span.name for span in self.spans]}")


@contextmanager
def collecting(*, hangs: bool = False) -> Iterator[Collector]:
    collector = Collector(hangs)
    thread = threading.Thread(target=collector.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.released.set()
        collector.server.shutdown()
        thread.join()
        collector.server.server_close()


def variables(bundle: ModelBundle, collector: str) -> dict[str, str]:
    models = str(bundle.path.parent)
    return {"WHICHPARK_MODELS_DIR": models, "WHICHPARK_RUNTIME": "cpu", "WHICHPARK_TRACES": collector, **OFTEN}


def attributes(span: Any) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        kind = value.WhichOneof("value")
        return [plain(one) for one in value.array_value.values] if kind == "array_value" else getattr(value, kind)

    return {pair.key: plain(pair.value) for pair in span.attributes}


@pytest.mark.slow
def test_a_request_is_a_span_of_its_senders_trace_and_each_photo_one_within_it(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    named = {"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=trial", "OTEL_EXPORTER_OTLP_HEADERS": "x-token=sesame"}
    sent = {"traceparent": f"00-{TRACE}-{PARENT}-01", "User-Agent": "secret-client", "X-Request-ID": "mine"}
    states = [{"traceparent": f"00-{TRACE[::-1]}-{PARENT}-01", "tracestate": text} for text in ("a=secret", "a secret")]
    with collecting() as collector, running(tmp_path, variables(tiny_bundle, collector.address) | named) as server:
        before_ns = time.time_ns()
        verdict = server.post("/predict?secret=1", PHOTO, "image/jpeg", **sent).json["results"][0]["verdict"]
        assert server.post("/predict", PHOTO[:200], "image/jpeg").status == 422
        assert server.get("/secret-page").status == 404
        assert server.send("DELETE", "/api/v1/feedback/secret", headers={"X-Forwarded-For": "192.0.2.7"}).status == 404
        assert server.send("SECRET", "/").status == 405
        assert [server.send("GET", "/healthz", headers=state).status for state in states] == [200, 200]
        request, photo = collector.span("POST /predict", TRACE), collector.span("photo")
        collector.span("other none")
        unknown = collector.span("GET none")
        assert server.stop() == 0

    assert request.parent_span_id.hex() == PARENT and request.kind == request.SPAN_KIND_SERVER
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.route": "/predict",
        "http.response.status_code": 200,
        "whichpark.request_id": "mine",
        "whichpark.photos": [verdict],
    }
    assert (photo.trace_id, photo.parent_span_id) == (request.trace_id, request.span_id)
    assert before_ns < photo.start_time_unix_nano < photo.end_time_unix_nano <= request.end_time_unix_nano
    steps = attributes(photo)
    assert steps.pop("whichpark.verdict") == verdict
    took_ms = (photo.end_time_unix_nano - photo.start_time_unix_nano) / 1e6
    assert sum(steps.values()) == pytest.approx(took_ms, abs=0.01)
    [refused] = [span for span in collector.spans if span.name == "POST /predict" and span is not request]
    assert attributes(refused)["error.type"] == "damaged_image" and refused.trace_id.hex() != TRACE
    assert attributes(unknown)["http.response.status_code"] == 404

    resource = {
        pair.key: pair.value.string_value for pair in collector.exports[0].resource_spans[0].resource.attributes
    }
    assert resource["service.name"] == "which-park" and resource["deployment.environment"] == "trial"
    assert collector.headers[0]["x-token"] == "sesame"
    told = b"".join(export.SerializeToString() for export in collector.exports)
    assert not [text for text in (b"secret", b"SECRET", b"127.0.0.1", b"192.0.2.7") if text in told]
    assert "a secret" not in server.log


@pytest.mark.slow
@pytest.mark.parametrize("state", ["away", "hangs"])
def test_a_collector_that_does_not_answer_costs_no_request_and_no_end(
    tiny_bundle: ModelBundle, tmp_path: Path, state: str
) -> None:
    with collecting(hangs=state == "hangs") as collector:
        address = collector.address if state == "hangs" else "http://127.0.0.1:9/v1/traces"
        with running(tmp_path, variables(tiny_bundle, address)) as server:
            began = time.monotonic()
            for _ in range(10):
                assert server.post("/predict", PHOTO, "image/jpeg").status == 200
            assert time.monotonic() - began < 10  # Half a second; 20 to 40 if each waited for its spans.
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < 12  # 4 s, where nothing else runs.
            assert "Failed to export" in server.log and "Traceback" not in server.log
