"""A worker says of a photo what the server says, and of a file that is none which code it would have had."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.batch.backlog import blocks_of
from app.batch.rows import found_table, probability_column
from app.batch.shipped_bundle import ShippedBundle
from app.batch.source import LocalSource
from app.batch.worker import PhotoWorker
from app.config import Settings
from app.errors import BundleDamagedError
from app.factory import load_predictor
from app.inference.predictor import Predictor
from app.vision.bundle import NETWORK, ModelBundle
from tests.batch.archive import BAD, LIMITS, add_bad_files, draw_archive


def look(shipped: ShippedBundle, folder: Path) -> Mapping[str, dict[str, Any]]:
    """The rows by the path below the folder."""
    source = LocalSource(str(folder))
    worker = PhotoWorker(shipped, source, LIMITS)
    rows = [row for block in blocks_of(found_table(list(source.find(""))), 3) for row in worker(block).to_pylist()]
    return {os.path.relpath(row["path"], folder): row for row in rows}


def test_rows_are_what_the_server_says(shipped: ShippedBundle, parks: ModelBundle, tmp_path: Path) -> None:
    rows = look(shipped, draw_archive(tmp_path, 4))
    server = load_predictor(Settings(models_dir=parks.path.parent, runtime="cpu", runtime_threads=1))
    assert len(rows) == 5
    for name, row in rows.items():
        found = server.predict((tmp_path / name).read_bytes()).classification
        assert (row["status"], row["verdict"], row["labels"]) == ("ok", found.verdict, list(found.labels))
        assert row["label"] == (found.labels[0] if found.labels else None)
        for prediction in found.predictions:
            assert row[probability_column(prediction.label.label)] == pytest.approx(prediction.probability, abs=1e-6)
        assert row["confidence"] == pytest.approx(found.predictions[0].probability, abs=1e-6)
        assert (row["strangeness"], row["strangeness_limit"]) == pytest.approx(found.strangeness)
        assert (row["model_name"], row["model_version"]) == (parks.card.name, parks.card.version)
        assert row["error"] is None


def test_bad_files_are_rows_with_the_codes_of_the_api(shipped: ShippedBundle, tmp_path: Path) -> None:
    add_bad_files(tmp_path)
    rows = look(shipped, tmp_path)
    assert {name: row["status"] for name, row in rows.items()} == {name: code for name, (_, code) in BAD.items()}
    assert all(row["error"] and row["verdict"] is None and row["confidence"] is None for row in rows.values())


@pytest.mark.parametrize(("n_bytes", "code"), [(2_000_000, "unsupported_image"), (2_000_001, "request_too_large")])
def test_the_most_bytes_of_a_photo_are_the_limit(
    shipped: ShippedBundle, tmp_path: Path, n_bytes: int, code: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(bytes(n_bytes))
    assert look(shipped, tmp_path)["a.jpg"]["status"] == code


def test_a_bug_costs_its_photo_and_no_more(
    shipped: ShippedBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    draw_archive(tmp_path, 2)
    (tmp_path / "poison.jpg").write_bytes(b"poison")
    predict = Predictor.predict

    def stumble(self: Predictor, data: bytes) -> object:
        return 1 / 0 if data == b"poison" else predict(self, data)

    monkeypatch.setattr(Predictor, "predict", stumble)
    rows = look(shipped, tmp_path)
    assert rows["poison.jpg"]["status"] == "internal_error"
    assert sorted(row["status"] for row in rows.values()) == ["internal_error", "ok", "ok", "ok"]
    assert "ZeroDivisionError" in caplog.text


def test_a_bundle_that_was_spoilt_on_its_way_is_refused(shipped: ShippedBundle) -> None:
    spoilt = ShippedBundle(shipped.folder_name, {**shipped.files, NETWORK: b"spoilt"})
    with pytest.raises(BundleDamagedError):
        PhotoWorker(spoilt, LocalSource("/"), LIMITS)
