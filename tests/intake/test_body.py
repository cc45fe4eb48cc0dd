"""The body of a request: never more of it than the limit."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from app.intake.arrived_body import ArrivedBody
from app.intake.body import InMemoryRequest
from tests.forms import FORM, make_request


class SlowBody:
    """A body as gunicorn gives it: only read, in small pieces; it counts what was taken of it."""

    def __init__(self, content: bytes) -> None:
        self._content, self.taken = content, 0

    def read(self, size: int = -1) -> bytes:
        piece = self._content[self.taken : self.taken + min(size, 7)]
        self.taken += len(piece)
        return piece


def _bounded(content: bytes, max_bytes: int, **environ: Any) -> tuple[InMemoryRequest, SlowBody]:
    body = SlowBody(content)
    request = make_request(b"", FORM, **{"wsgi.input": body, "wsgi.input_terminated": True}, **environ)
    request.max_content_length = max_bytes
    return request, body


CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}


@pytest.mark.parametrize("environ", [CHUNKED, {"CONTENT_LENGTH": "100"}])
@pytest.mark.parametrize("max_bytes", [101, 100])
def test_a_body_up_to_the_limit_is_whole(max_bytes: int, environ: dict[str, str]) -> None:
    request, _ = _bounded(b"x" * 100, max_bytes, **environ)
    assert request.get_data() == b"x" * 100


@pytest.mark.parametrize("environ", [CHUNKED, {"CONTENT_LENGTH": "100"}])
def test_a_body_one_byte_over_the_limit_is_refused(environ: dict[str, str]) -> None:
    request, _ = _bounded(b"x" * 100, 99, **environ)
    with pytest.raises(RequestEntityTooLarge):
        request.get_data()


def test_of_a_body_over_the_limit_no_more_is_read_than_shows_it() -> None:
    request, body = _bounded(b"x" * 1_000_000, 1_000, **CHUNKED)
    with pytest.raises(RequestEntityTooLarge):
        request.get_data()
    assert body.taken <= 1_001


def test_a_length_over_the_limit_is_refused_before_a_byte_is_read() -> None:
    request, body = _bounded(b"x" * 100, 99, CONTENT_LENGTH="100")
    with pytest.raises(RequestEntityTooLarge):
        request.get_data()
    assert body.taken == 0


def test_a_body_of_many_steps_is_whole() -> None:
    content = bytes(range(256)) * 4096
    request, _ = _bounded(content, len(content), **CHUNKED)
    assert request.get_data() == content


@pytest.mark.parametrize("n_arrived", [99, 101])
def test_a_body_that_is_not_of_its_stated_length_is_read_within_it(n_arrived: int) -> None:
    arrived: Any = ArrivedBody([b"x" * n_arrived])
    request = make_request(b"", FORM, **{"wsgi.input": arrived, "CONTENT_LENGTH": "100"})
    assert request.stream is not arrived
    if n_arrived > 100:
        assert request.get_data() == b"x" * 100
    else:
        with pytest.raises(ClientDisconnected):
            request.get_data()
