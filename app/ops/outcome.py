"""What became of a request, for its line in the log and for the metrics; and of each of its photos."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from flask import Flask, Response, current_app, g, request

from app.errors import PhotoError
from app.inference.predictor import PhotoResult, TimingMs
from app.ops.metrics.catalogue import (
    CONFIDENCE,
    DECODE_SECONDS,
    FEEDBACK,
    INFERENCE_SECONDS,
    INTERNAL_ERRORS,
    QUEUE_SECONDS,
    REFUSED,
    REQUEST_SECONDS,
    REQUESTS,
    VERDICTS,
)
from app.ops.metrics.tally import EXTENSION, Tally

_METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")


@dataclass(frozen=True)
class TimedPhoto:
    """A photo that got a verdict: where its time went, and when it was there, in nanoseconds since 1970."""

    verdict: str
    timing_ms: TimingMs
    ended_ns: int

    @property
    def began_ns(self) -> int:
        """When it was begun."""
        timing = self.timing_ms
        return self.ended_ns - round(1_000_000 * (timing.decode + timing.queue + timing.inference))


@dataclass
class Outcome:
    """`code` of the error that was answered, "ok" without one; `photos`, each by its verdict or its error's code.

    `timed` are those of them that got a verdict.
    """

    code: str = "ok"
    photos: list[str] = field(default_factory=list)
    timed: list[TimedPhoto] = field(default_factory=list)


def init_outcomes(app: Flask, tally: Tally) -> None:
    """Counts every answer; to be called before whatever else may answer, so that it sees all."""
    app.extensions[EXTENSION] = tally

    @app.after_request
    def count(response: Response) -> Response:
        route = route_of_request()
        code = outcome().code if response.status_code >= 400 else "ok"
        tally.count(REQUESTS, route, method_of_request(), str(response.status_code), code)
        if response.status_code == 500:
            tally.count(INTERNAL_ERRORS)
        tally.observe(REQUEST_SECONDS, time.monotonic() - g.started, route)
        return response


def method_of_request() -> str:
    """The method, "other" for those that nothing here has: what clients write in its place is not bounded."""
    return request.method if request.method in _METHODS else "other"


def route_of_request() -> str:
    """The route, as the code names it; "none" where there is none. Bounded as `method_of_request` is."""
    return request.url_rule.rule if request.url_rule is not None else "none"


def outcome() -> Outcome:
    """Of the request being answered."""
    found: Outcome = g.setdefault("outcome", Outcome())
    return found


def note_error(code: str) -> None:
    """The request is answered with this error."""
    outcome().code = code


def note_result(result: PhotoResult) -> None:
    """A photo of the request has been looked at."""
    top = result.classification.predictions[0]
    verdict = result.classification.verdict
    outcome().photos.append(verdict)
    outcome().timed.append(TimedPhoto(verdict, result.timing_ms, time.time_ns()))
    tally: Tally = current_app.extensions[EXTENSION]
    tally.count(VERDICTS, verdict, top.label.label)
    tally.observe(CONFIDENCE, top.probability, top.label.label)
    tally.observe(DECODE_SECONDS, result.timing_ms.decode / 1000)
    tally.observe(QUEUE_SECONDS, result.timing_ms.queue / 1000)
    tally.observe(INFERENCE_SECONDS, result.timing_ms.inference / 1000)


def note_refused(error: PhotoError) -> None:
    """A photo of the request could not be looked at."""
    outcome().photos.append(error.code)
    tally: Tally = current_app.extensions[EXTENSION]
    tally.count(REFUSED, error.code)


def note_feedback(is_right: bool) -> None:
    """Somebody has said whether a prediction was right, and that is kept."""
    tally: Tally = current_app.extensions[EXTENSION]
    tally.count(FEEDBACK, "yes" if is_right else "no")
