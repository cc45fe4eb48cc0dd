"""Clients that stop sending, and bodies that nobody reads."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient

from app.intake import slow_clients
from app.intake.slow_clients import MAX_STALL_S


class FakeSocket:
    """Remembers the timeouts it was given."""

    def __init__(self) -> None:
        self.timeouts: list[float | None] = []

    def settimeout(self, seconds: float | None) -> None:
        self.timeouts.append(seconds)


class FakeBody(io.BytesIO):
    """A body as gunicorn gives it; after `stalls_at` bytes its client sends nothing more."""

    def __init__(self, content: bytes, stalls_at: int | None = None) -> None:
        super().__init__(content)
        self.stalls_at = stalls_at

    def read(self, size: int | None = -1, /) -> bytes:
        if self.stalls_at is not None and self.tell() >= self.stalls_at:
            raise TimeoutError("timed out")
        return super().read(size)

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        chunk = self.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)


def send(client: FlaskClient, path: str, body: FakeBody, sock: FakeSocket | None = None) -> int:
    environ = {"wsgi.input": body, "wsgi.input_terminated": True, "gunicorn.socket": sock or FakeSocket()}
    content_length = str(len(body.getvalue()))
    answer = client.post(
        path, content_type="image/jpeg", headers={"Content-Length": content_length}, environ_overrides=environ
    )
    return answer.status_code


def test_what_is_left_of_a_refused_body_is_read_away(client: FlaskClient) -> None:
    body = FakeBody(bytes(5_000_000))
    assert send(client, "/predict", body) == 413
    assert body.tell() == 5_000_000


def test_the_body_of_a_page_that_is_not_there_is_read_away(client: FlaskClient) -> None:
    body = FakeBody(bytes(200_000))
    assert send(client, "/nowhere", body) == 404
    assert body.tell() == 200_000


@pytest.mark.parametrize(("limit", "read"), [(300_000, 327_680), (200_000, 200_000)])
def test_no_more_is_read_away_than_the_limit(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, limit: int, read: int
) -> None:
    monkeypatch.setattr(slow_clients, "MAX_UNREAD_BYTES", limit)
    body = FakeBody(bytes(200_000 if read == 200_000 else 2_000_000))
    assert send(client, "/nowhere", body) == 404
    assert body.tell() == read


def test_a_client_that_stalls_is_told_and_is_no_failure_of_ours(client: FlaskClient, photo: bytes) -> None:
    assert send(client, "/predict", FakeBody(photo, stalls_at=0)) == 400


def test_a_client_that_stalls_after_its_refusal_does_not_hold_the_answer(client: FlaskClient) -> None:
    assert send(client, "/nowhere", FakeBody(bytes(200_000), stalls_at=65_536)) == 404


def test_the_socket_has_a_deadline_while_a_request_is_read_and_none_after(client: FlaskClient, photo: bytes) -> None:
    sock = FakeSocket()
    assert send(client, "/predict", FakeBody(photo), sock) == 200
    assert sock.timeouts[0] == MAX_STALL_S
    assert sock.timeouts[-1] is None
    assert all(seconds is None or 0 < seconds <= MAX_STALL_S for seconds in sock.timeouts)


def test_without_gunicorn_nothing_is_read_beyond_the_request(client: FlaskClient) -> None:
    assert client.post("/nowhere", data=b"x" * 1000).status_code == 404
