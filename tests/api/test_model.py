"""GET /api/v1/model and /api/v1/labels: what is served, in the network's order."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.config import Settings
from app.factory import create_app
from app.vision.card import Card


def test_the_model_is_described_by_its_card(client: FlaskClient, card: Card) -> None:
    body = client.get("/api/v1/model").get_json()
    runtime = body.pop("runtime")
    expected = card.to_json()
    del expected["files"]
    assert body == expected
    assert runtime == "fake"


def test_the_models_files_are_not_told(client: FlaskClient) -> None:
    assert "files" not in client.get("/api/v1/model").get_json()


def test_labels_come_in_the_networks_order_with_their_facts(client: FlaskClient) -> None:
    assert client.get("/api/v1/labels").get_json() == {
        "labels": [
            {"label": "other", "name": "None of these", "is_other": True},
            {"label": "sequoia", "name": "Sequoia National Park", "state": "California", "is_other": False},
            {"label": "yosemite", "name": "Yosemite National Park", "state": "California", "is_other": False},
        ]
    }


@pytest.mark.parametrize("path", ["/api/v1/model", "/api/v1/labels"])
def test_without_a_model_there_is_nothing_to_describe(tmp_path: Path, path: str) -> None:
    answer = create_app(Settings(models_dir=tmp_path)).test_client().get(path)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "model_unavailable")
