"""How often one client may ask: photos a minute, and feedback a day, counted by Flask-Limiter."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask_limiter import Limiter, RateLimitExceeded
from limits.errors import StorageError

from app.door.client import current_client
from app.errors import RateLimitedError

# A client waits meanwhile, so a Redis that does not answer at once counts as away.
_MAX_STORE_S = 0.25
_MINUTE_S = 60
_EXTENSION = "which_park_rate_limits"

_log = logging.getLogger(__name__)


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


def init_rate_limits(app: Flask, limits: RateLimits) -> None:
    """Counts every POST as one photo before it is read, and those with more photos as so many: see `charge_photos`.

    A DELETE counts as one too: who guesses receipts is stopped. Feedback is counted by the day besides: see
    `charge_feedback`.

    While Redis is away each worker counts in its own memory, says so in the log, and looks for it again by itself.
    """
    app.extensions[_EXTENSION] = _Counter(_make_limiter(app, limits.store), limits)

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
    counter: _Counter = current_app.extensions[_EXTENSION]
    told = f"At most {counter.limits.feedback_per_day} entries of feedback a day are taken from one client. "
    _count(counter, counter.count_feedback, told + "Thank you for so many; come again tomorrow.")


class _Counter:
    """`count_photos` counts `g.photos_to_charge` photos of the current client, `count_feedback` one entry; both raise
    RateLimitExceeded.
    """

    def __init__(self, limiter: Limiter, limits: RateLimits) -> None:
        self.limiter = limiter
        self.limits = limits
        photos = limiter.shared_limit(
            lambda: f"{max(1, limits.of_this_client())} per minute",
            scope="photos",
            exempt_when=lambda: limits.of_this_client() == 0,
            cost=lambda: int(g.photos_to_charge),
        )
        self.count_photos: Callable[[], None] = photos(_photos)
        feedback = limiter.shared_limit(
            f"{max(1, limits.feedback_per_day)} per day",
            scope="feedback",
            exempt_when=lambda: limits.feedback_per_day == 0,
        )
        self.count_feedback: Callable[[], None] = feedback(_feedback)


# Flask-Limiter tells limits apart by the names of what they limit.
def _photos() -> None:
    pass


def _feedback() -> None:
    pass


def _make_limiter(app: Flask, store: str) -> Limiter:
    logging.getLogger("flask-limiter").addFilter(_names_nobody)
    is_shared = not store.startswith("memory:")
    return Limiter(
        key_func=lambda: current_client().counted_as,
        app=app,
        storage_uri=store,
        storage_options=_redis_options() if is_shared else {},
        strategy="moving-window",
        headers_enabled=False,
        in_memory_fallback_enabled=is_shared,
        key_prefix="which-park",
    )


def _redis_options() -> dict[str, Any]:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "socket_connect_timeout": _MAX_STORE_S,
        "socket_timeout": _MAX_STORE_S,
        "retry": Retry(NoBackoff(), 0),
        "wrap_exceptions": True,
    }


def _charge_photos(n_photos: int) -> None:
    counter: _Counter = current_app.extensions[_EXTENSION]
    g.photos_to_charge = n_photos
    told = (
        f"At most {counter.limits.of_this_client()} photos a minute are taken from one client, and this would be more. "
    )
    _count(counter, counter.count_photos, told + "Wait, or send fewer at once.")


def _count(counter: _Counter, count: Callable[[], None], told: str) -> None:
    """Raises RateLimitedError, with what the client is told, where the count says that it is too many."""
    try:
        count()
    except RateLimitExceeded as exc:
        raise RateLimitedError(told) from exc
    finally:
        g.rate_limit_headers = _headers(counter.limiter)


def _headers(limiter: Limiter) -> dict[str, str]:
    """What is left, for the client to see. Source: draft-ietf-httpapi-ratelimit-headers-06."""
    limit = limiter.current_limit
    if limit is None:
        return {}
    try:
        reset_at, remaining = limit.window
    except StorageError:
        _log.warning("what is left of a rate limit cannot be told: its store is away")
        return {}
    reset_s = max(1, math.ceil(reset_at - time.time()))
    return {
        "RateLimit-Limit": str(limit.limit.amount),
        "RateLimit-Remaining": str(max(0, remaining)),
        "RateLimit-Reset": str(reset_s),
    }


def _names_nobody(record: logging.LogRecord) -> bool:
    """Flask-Limiter writes down the address of whom it refuses; the request has a line of its own already."""
    return not str(record.msg).startswith("ratelimit ")
