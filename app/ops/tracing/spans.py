"""Traces for an OpenTelemetry collector: a span a request, and within it one for each photo that got a verdict.

They tell no address, no path or query, no receipt, nothing of a photo. A `traceparent` header (W3C Trace Context) makes
the request part of its sender's trace; `tracestate` is dropped, for it may hold any text. Of OpenTelemetry's own
variables those of the resource, the sampler, the batches (`OTEL_BSP_…`) and `OTEL_EXPORTER_OTLP_HEADERS` are heeded.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, request

from app.ops.outcome import TimedPhoto, method_of_request, outcome, route_of_request
from app.ops.request_log import request_id

_EXPORT_S = 2.0
_PARENT = "traceparent"


def init_tracing(app: Flask, collector: str) -> None:
    """Sends spans to the OTLP/HTTP address of a collector, in the background.

    To be called after `init_request_log` and `init_outcomes`, and before whatever else may answer. A collector that is
    away costs its spans alone, and lines in the log. OpenTelemetry is imported here and nowhere else.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    resource = Resource({"service.name": "which-park"}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=collector, timeout=_EXPORT_S)))
    tracer = provider.get_tracer("which-park")
    propagator = TraceContextTextMapPropagator()

    @app.before_request
    def begin() -> None:
        sender = propagator.extract({_PARENT: request.headers.get(_PARENT, "")})
        g.span = tracer.start_span(method_of_request(), context=sender, kind=SpanKind.SERVER)

    @app.after_request
    def end(response: Response) -> Response:
        span = g.span
        if span.is_recording():
            span.update_name(f"{method_of_request()} {route_of_request()}")
            span.set_attributes(_of_request(response))
            if response.status_code >= 500:
                span.set_status(StatusCode.ERROR)
            for photo in outcome().timed:
                part = tracer.start_span("photo", set_span_in_context(span), start_time=photo.began_ns)
                part.set_attributes(_of_photo(photo))
                part.end(photo.ended_ns)
        span.end()
        return response


def _of_request(response: Response) -> dict[str, Any]:
    """By the names of OpenTelemetry's semantic conventions for HTTP, where they have one."""
    found = outcome()
    attributes: dict[str, Any] = {
        "http.request.method": method_of_request(),
        "http.route": route_of_request(),
        "http.response.status_code": response.status_code,
        "whichpark.request_id": request_id(),
        "whichpark.photos": found.photos,
    }
    return attributes if response.status_code < 400 else attributes | {"error.type": found.code}


def _of_photo(photo: TimedPhoto) -> dict[str, Any]:
    timing = photo.timing_ms
    return {
        "whichpark.verdict": photo.verdict,
        "whichpark.decode_ms": timing.decode,
        "whichpark.queue_ms": timing.queue,
        "whichpark.inference_ms": timing.inference,
    }
