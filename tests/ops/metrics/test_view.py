"""Who may read the metrics, and what is in them."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.config import Settings
from app.factory import create_app
from app.inference.model_slot import ModelSlot
from app.keys import main as keys

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


def client_of(settings: Settings, slot: ModelSlot, **chosen: object) -> FlaskClient:
    return create_app(dataclasses.replace(settings, **chosen), slot).test_client()  # type: ignore[arg-type]


def test_by_default_there_are_none(client: FlaskClient) -> None:
    assert client.get("/metrics").status_code == 404


def test_everybody_may_read_them_if_that_is_wanted(settings: Settings, slot: ModelSlot, photo: bytes) -> None:
    client = client_of(settings, slot, metrics="on")
    client.post("/predict", data=photo, content_type="image/jpeg")
    client.get("/nowhere")
    text = client.get("/metrics").get_data(as_text=True)
    assert 'whichpark_verdicts_total{label="yosemite",verdict="match"} 1.0' in text
    assert 'whichpark_confidence_sum{label="yosemite"} 0.93' in text
    assert 'whichpark_requests_total{code="ok",method="POST",route="/predict",status="200"} 1.0' in text
    assert 'whichpark_requests_total{code="not_found",method="GET",route="none",status="404"} 1.0' in text
    assert 'whichpark_request_seconds_bucket{le="+Inf",route="/predict"} 1.0' in text
    assert "whichpark_internal_errors_total 0.0" in text


def test_openmetrics_is_spoken_to_who_asks_for_it(settings: Settings, slot: ModelSlot) -> None:
    answer = client_of(settings, slot, metrics="on").get("/metrics", headers=OPENMETRICS)
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.get_data(as_text=True).endswith("# EOF\n")


def test_a_key_is_needed_where_that_is_wanted(
    settings: Settings, slot: ModelSlot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "keys"
    keys(["--file", str(file), "new", "prometheus"])
    key = capsys.readouterr().out.split()[-1]
    client = client_of(settings, slot, metrics="key", api_keys_file=file, keys_needed_for="nothing")
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer whichpark_wrong"}).status_code in (401, 403)
    assert client.get("/metrics", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_a_port_of_their_own_has_them_and_nothing_else(settings: Settings, slot: ModelSlot) -> None:
    client = client_of(settings, slot, metrics="127.0.0.1:9464")
    there = {"base_url": "http://127.0.0.1:9464"}
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", **there).status_code == 200
    for path in ("/", "/healthz", "/api/v1/model", "/static/style.css", "/nowhere"):
        assert client.get(path, **there).status_code == 404
    assert client.get("/healthz").status_code == 200


def test_a_bug_is_counted(settings: Settings, slot: ModelSlot) -> None:
    app: Flask = create_app(dataclasses.replace(settings, metrics="on"), slot)

    @app.get("/bug")
    def bug() -> str:
        raise ZeroDivisionError

    client = app.test_client()
    assert client.get("/bug").status_code == 500
    text = client.get("/metrics").get_data(as_text=True)
    assert "whichpark_internal_errors_total 1.0" in text
    assert 'whichpark_requests_total{code="internal_error",method="GET",route="/bug",status="500"} 1.0' in text


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_what_a_page_refuses_is_counted_by_its_code(
    settings: Settings, slot: ModelSlot, photo: bytes, accept: str
) -> None:
    client = client_of(settings, slot, metrics="on")
    for path in ("/", "/predict"):
        client.post(path, data={"photo": (io.BytesIO(photo[:300]), "a.jpg")}, headers={"Accept": accept})
    text = client.get("/metrics").get_data(as_text=True)
    assert 'whichpark_requests_total{code="damaged_image",method="POST",route="/",status="422"} 1.0' in text
    assert 'whichpark_photos_refused_total{code="damaged_image"} 2.0' in text


def test_what_the_other_pages_refuse_is_counted_by_its_code_too(
    settings: Settings, slot: ModelSlot, photo: bytes, tmp_path: Path
) -> None:
    client = client_of(settings, slot, metrics="on", feedback=f"sqlite:///{tmp_path / 'feedback.db'}")
    client.post("/how-it-works", data={"photo": (io.BytesIO(photo[:300]), "a.jpg")})
    client.post("/feedback/delete", data={"receipt": "none"})
    text = client.get("/metrics").get_data(as_text=True)
    counted = 'whichpark_requests_total{{code="{}",method="POST",route="{}",status="{}"}} 1.0'
    assert counted.format("damaged_image", "/how-it-works", 422) in text
    assert counted.format("receipt_unknown", "/feedback/delete", 404) in text
    assert 'whichpark_photos_refused_total{code="damaged_image"} 1.0' in text
