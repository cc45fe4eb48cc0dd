"""Every metric, a row each. Names and units by Prometheus's own rules: base units, `_total` for what only rises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram", "summary"]

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Metric:
    """One metric. `buckets` are a histogram's upper bounds, in its unit, without the last, which has none."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def n_values(self) -> int:
        """How many numbers one series is: of a histogram each bucket's count, and the sum at the end."""
        return {"counter": 1, "gauge": 1, "summary": 2, "histogram": len(self.buckets) + 2}[self.kind]


REQUESTS = Metric(
    "whichpark_requests_total",
    "counter",
    "Answers, by their error's code (ok: none); rate_limited, busy and the like are among them.",
    ("route", "method", "status", "code"),
)
REQUEST_SECONDS = Metric(
    "whichpark_request_seconds", "histogram", "From a whole request to its answer.", ("route",), _SECONDS
)
DECODE_SECONDS = Metric(
    "whichpark_decode_seconds", "histogram", "A photo's bytes to what the network takes.", (), _SECONDS
)
QUEUE_SECONDS = Metric(
    "whichpark_queue_seconds", "histogram", "A photo's wait for memory and for the network.", (), _SECONDS
)
INFERENCE_SECONDS = Metric("whichpark_inference_seconds", "histogram", "A photo in the network.", (), _SECONDS)
BATCH_PHOTOS = Metric(
    "whichpark_batch_photos", "histogram", "Photos the network is given at once.", (), (1, 2, 4, 8, 16, 32, 64)
)
VERDICTS = Metric(
    "whichpark_verdicts_total", "counter", "Photos, by verdict and most probable label.", ("verdict", "label")
)
CONFIDENCE = Metric("whichpark_confidence", "summary", "Probability of the most probable label.", ("label",))
REFUSED = Metric("whichpark_photos_refused_total", "counter", "Photos that could not be looked at, by code.", ("code",))
FEEDBACK = Metric(
    "whichpark_feedback_total", "counter", "What visitors said: whether a prediction was right.", ("right",)
)
LOADS = Metric(
    "whichpark_model_loads_total",
    "counter",
    "Models that workers loaded (ok), bundles they refused.",
    ("outcome",),
)
REFUSED_BUNDLE = Metric(
    "whichpark_bundle_refused", "gauge", "Workers that refuse the bundle that was promoted, by code.", ("code",)
)
INTERNAL_ERRORS = Metric("whichpark_internal_errors_total", "counter", "Answers with status 500: bugs of ours.")
MODEL = Metric("whichpark_model_info", "gauge", "Workers that serve this model.", ("name", "version", "runtime"))
QUEUED = Metric("whichpark_queued_requests", "gauge", "Requests with photos that wait for a thread.")
ANSWERING = Metric("whichpark_answering_requests", "gauge", "Requests with photos that a thread has.")
CONNECTIONS = Metric("whichpark_connections", "gauge", "Open connections.")
HELD = Metric("whichpark_held_bytes", "gauge", "What is kept of requests and answers on their way.")
WORKERS = Metric("whichpark_workers", "gauge", "Workers that live.")
MEMORY = Metric("whichpark_worker_resident_bytes", "gauge", "Resident memory of a worker.", ("worker",))
LOST = Metric("whichpark_metrics_lost_total", "counter", "Series that found no room, so that they are not counted.")

METRICS = (
    *(REQUESTS, REQUEST_SECONDS, DECODE_SECONDS, QUEUE_SECONDS, INFERENCE_SECONDS, BATCH_PHOTOS, VERDICTS, CONFIDENCE),
    *(REFUSED, FEEDBACK, LOADS, REFUSED_BUNDLE, MODEL, INTERNAL_ERRORS, QUEUED, ANSWERING, CONNECTIONS, HELD, WORKERS),
    *(MEMORY, LOST),
)
