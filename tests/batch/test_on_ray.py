"""On real Ray: this machine alone and killed, then a cluster of two nodes that loses one, with a photo that kills."""

from __future__ import annotations

import builtins
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from ray.cluster_utils import Cluster

from app.batch.backlog import Backlog
from app.batch.cluster import cluster_ray, make_pool
from app.batch.destination import Begun, Destination, opened
from app.batch.progress import Progress
from app.batch.rows import probability_column
from app.batch.run import Pace, Recorder, run
from app.batch.shipped_bundle import ShippedBundle
from app.batch.source import LocalSource
from app.config import Settings
from app.factory import load_predictor
from app.vision.bundle import CARD, ModelBundle, file_sha256
from tests.batch.archive import BAD, LIMITS, PATIENCE_S, TellingWorker, add_bad_files, draw_archive
from tests.conftest import ROOT
from tests.photos import draw_scene, encode

# 30 s where nothing else runs, and Ray warns of itself.
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore"),
]
N_PHOTOS = 60
_NODE = {"num_cpus": 1, "object_store_memory": 100_000_000, "include_dashboard": False}


@pytest.fixture
def no_network() -> None:
    """Ray's processes speak to each other by the address of this machine, none of which leaves it."""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A head and a second node, one processor each. Ray puts a function of its own in `print`'s place."""
    monkeypatch.setattr(builtins, "print", builtins.print)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "240")
    monkeypatch.setenv("RAY_worker_niceness", "0")  # Its workers would wait for all other tests.
    cluster = Cluster(initialize_head=True, head_node_args=_NODE)
    cluster.add_node(**_NODE)
    yield cluster
    cluster.shutdown()


def command(folder: Path, *options: str) -> subprocess.Popen[str]:
    arguments = [str(folder / "photos"), str(folder / "t.parquet"), *options]
    variables = {**os.environ, "WHICHPARK_MAX_IMAGE_PX": "1000000", "WHICHPARK_MAX_UPLOAD_BYTES": "2000000"}
    return subprocess.Popen(
        [sys.executable, "-m", "app.batch", *arguments], cwd=ROOT, env=variables, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def kill_after_the_first_part(folder: Path) -> None:
    process, until = command(folder, "--batch", "1", "--part-rows", "1"), time.monotonic() + PATIENCE_S
    while not list((folder / "t.parquet").glob("part-*")):
        assert process.poll() is None and time.monotonic() < until, process.stdout
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE_S)


def paths_in(folder: Path) -> list[str]:
    return list(pq.read_table(folder / "t.parquet")["path"].to_pylist())


def finish_on(cluster: Cluster, folder: Path, destination: Destination, shipped: ShippedBundle, card: Any) -> None:
    """Runs what is left on the two nodes; once both have had photos, one of them goes, and held photos go on."""
    source, told = LocalSource(str(folder / "photos")), folder / "told"
    backlog = Backlog(folder / "backlog.arrow")
    backlog.fill(source.find(""), destination.finished())

    class LosingANode(Recorder):
        def add(self, table: Any) -> None:
            super().add(table)
            if len(list(told.iterdir())) == 2 and len(cluster.worker_nodes) == 1:
                cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
                (told / "go").touch()

    with cluster_ray(cluster.address):
        pool = make_pool(shipped, source, LIMITS, 0, TellingWorker)
        pace = Pace(batch=4)
        run(backlog, pool.look, card, LosingANode(destination, Progress(backlog.n_photos), pace), pace)


def test_an_archive_survives_a_kill_the_loss_of_a_node_and_a_photo_that_kills(
    tmp_path: Path, cluster: Cluster, parks: ModelBundle, shipped: ShippedBundle
) -> None:
    photos = draw_archive(tmp_path / "photos", N_PHOTOS)
    add_bad_files(photos)
    (tmp_path / "told").mkdir()
    kill_after_the_first_part(tmp_path)
    before = paths_in(tmp_path)
    assert 0 < len(before) < N_PHOTOS
    for name in ("held.jpg", "deadly.jpg"):
        (photos / name).write_bytes(encode(draw_scene(7)))
    begun = Begun(str(photos), parks.card.folder_name, file_sha256(parks.path / CARD))
    with opened(tmp_path / "t.parquet", begun, may_mix=False) as destination:
        finish_on(cluster, tmp_path, destination, shipped, parks.card)

    rows = {row["path"]: row for row in pq.read_table(tmp_path / "t.parquet").to_pylist()}
    assert len(paths_in(tmp_path)) == len(rows) == N_PHOTOS + 1 + len(BAD) + 2
    assert set(before) <= set(rows)
    nodes = [path for path in (tmp_path / "told").iterdir() if path.name != "go"]
    assert len(nodes) == 2 and not cluster.worker_nodes
    codes = {Path(path).name: row["status"] for path, row in rows.items() if row["status"] != "ok"}
    assert codes == {name: code for name, (_, code) in BAD.items()} | {"deadly.jpg": "worker_died"}
    server = load_predictor(Settings(models_dir=parks.path.parent, runtime="cpu", runtime_threads=1))
    for path, row in rows.items():
        if row["status"] == "ok":
            found = server.predict(Path(path).read_bytes()).classification
            assert (row["verdict"], row["labels"]) == (found.verdict, list(found.labels))
            for prediction in found.predictions:
                column = probability_column(prediction.label.label)
                assert row[column] == pytest.approx(prediction.probability, abs=1e-6)
