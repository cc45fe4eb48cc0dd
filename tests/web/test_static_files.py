"""Static files: kept for good by the address that pages name them by, and by no other."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

KEPT = "public, max-age=31536000, immutable"


def addresses(client: FlaskClient) -> list[str]:
    return re.findall(r'"(/static/[^"]+)"', client.get("/").get_data(as_text=True))


def test_pages_name_their_files_by_a_version(client: FlaskClient) -> None:
    found = addresses(client)
    assert {address.partition("?v=")[0] for address in found} == {"/static/app.js", "/static/icon.svg"}
    for address in found:
        answer = client.get(address, buffered=True)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, KEPT)


@pytest.mark.parametrize("version", ["", "?v=", "?v=0000000000", "?v=../../etc/passwd"])
def test_a_file_of_another_version_is_asked_for_each_time(client: FlaskClient, version: str) -> None:
    answer = client.get(f"/static/style.css{version}", buffered=True)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


def test_a_file_that_is_not_there_is_not_kept(client: FlaskClient) -> None:
    answer = client.get("/static/nothing.css?v=1")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    assert client.get("/static/nothing.css?v=").headers["Cache-Control"] == "no-store"
