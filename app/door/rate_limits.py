"""How often one client may ask: photos a minute, and feedback a day."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from flask import Flask, Response, current_app, g, request
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute

from app.door.client import current_client
from app.door.hit_counter import Count, HitCounter
from app.errors import RateLimitedError

_MINUTE_S = 60
_EXTENSION = "which_park_rate_limits"


@dataclass(frozen=True)
class RateLimits:
    """Photos a minute and entries of feedback a day, for each address and for each key; 0 is no limit.

    `store` is where they are counted: `memory://`, in each worker by itself, or `redis://…`, in all of them together.
    """

    per_minute: int
    per_minute_with_key: int
    feedback_per_day: int = 0
    store: str = "memory://"

    def of_this_client(self) -> int:
        """For who asked the request being answered."""
        return self.per_minute_with_key if current_client().key_name else self.per_minute


@dataclass(frozen=True)
class _Counted:
    """The limits, and what counts."""

    limits: RateLimits
    counter: HitCounter


def init_rate_limits(app: Flask, limits: RateLimits) -> None:
    """Counts every POST as one photo before it is read, and those with more photos as so many: see `charge_photos`.

    A DELETE counts as one too: who guesses receipts is stopped. Feedback is counted by the day besides: see
    `charge_feedback`.
    """
    app.extensions[_EXTENSION] = _Counted(limits, HitCounter(limits.store))

    @app.before_request
    def charge_one() -> None:
        if request.method in ("POST", "DELETE"):
            _charge_photos(1)

    @app.after_request
    def tell_limit(response: Response) -> Response:
        response.headers.update(g.get("rate_limit_headers", {}))
        if response.status_code == 429:
            response.headers["Retry-After"] = response.headers.get("RateLimit-Reset", str(_MINUTE_S))
        return response


def charge_photos(n_photos: int) -> None:
    """Before the photos of a request cost anything: all but the first, for which the request itself was charged.

    Raises:
        RateLimitedError: they are more than the client may still send.
    """
    if n_photos > 1:
        _charge_photos(n_photos - 1)


def charge_feedback() -> None:
    """Before an entry of feedback is read.

    Raises:
        RateLimitedError: the client has given as many today as one may.
    """
    per_day = _counted().limits.feedback_per_day
    if per_day:
        told = f"At most {per_day} entries of feedback a day are taken from one client. "
        _charge(RateLimitItemPerDay(per_day), "feedback", 1, told + "Thank you for so many; come again tomorrow.")


def _charge_photos(n_photos: int) -> None:
    per_minute = _counted().limits.of_this_client()
    if per_minute:
        told = f"At most {per_minute} photos a minute are taken from one client, and this would be more. "
        _charge(RateLimitItemPerMinute(per_minute), "photos", n_photos, told + "Wait, or send fewer at once.")


def _counted() -> _Counted:
    counted: _Counted = current_app.extensions[_EXTENSION]
    return counted


def _charge(limit: RateLimitItem, scope: str, cost: int, told: str) -> None:
    """Raises RateLimitedError, with what the client is told, where that is too many."""
    count = _counted().counter.hit(limit, scope, current_client().counted_as, cost=cost)
    g.rate_limit_headers = _headers(limit, count)
    if not count.is_within:
        raise RateLimitedError(told)


def _headers(limit: RateLimitItem, count: Count) -> dict[str, str]:
    """What is left, for the client to see. Source: draft-ietf-httpapi-ratelimit-headers-06."""
    return {
        "RateLimit-Limit": str(limit.amount),
        "RateLimit-Remaining": str(count.remaining),
        "RateLimit-Reset": str(max(1, math.ceil(count.reset_at - time.time()))),
    }
