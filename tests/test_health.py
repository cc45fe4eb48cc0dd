"""The two probes."""

from __future__ import annotations

from pathlib import Path

from flask.testing import FlaskClient

from app.config import Settings
from app.factory import create_app


def test_healthz_says_that_the_process_lives(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}


def test_readyz_names_the_model_that_is_served(client: FlaskClient) -> None:
    assert client.get("/readyz").get_json() == {"status": "ready", "model": {"name": "parks", "version": "7"}}


def test_without_a_bundle_the_server_lives_and_is_not_ready(tmp_path: Path) -> None:
    client = create_app(Settings(models_dir=tmp_path)).test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "model_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
