"""What is said of requests that never were one."""

from __future__ import annotations

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidHeaderName, InvalidHTTPVersion, LimitRequestHeaders, LimitRequestLine

from app.ops.serving.refusals import stand_in, too_busy, too_slow, unreadable


def test_the_stand_in_is_a_request_that_ends_its_connection() -> None:
    request = stand_in(Config(), ("127.0.0.1", 1))
    assert (request.method, request.path, request.should_close()) == ("GET", "/unreadable", True)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (LimitRequestLine(9, 8), 431, "too long"),
        (LimitRequestHeaders("x"), 431, "too long"),
        (InvalidHeaderName("secret"), 400, "(invalid header name)"),
        (InvalidHTTPVersion("secret"), 400, "(invalid http version)"),
        (ConnectionError("secret"), 400, "(connection error)"),
    ],
)
def test_every_error_of_the_parser_has_its_refusal(error: Exception, status: int, words: str) -> None:
    refusal = unreadable(error)
    assert refusal.status == status
    assert words in str(refusal)
    assert "secret" not in str(refusal)


def test_the_slow_and_the_crowd_are_told_what_to_do() -> None:
    assert (too_slow().status, too_busy().status) == (408, 503)
    assert "smaller photos" in str(too_slow())
    assert "Try again" in str(too_busy())
