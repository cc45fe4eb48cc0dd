"""An archive of drawn photos and of files that are none, and workers that a test holds or ends."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pyarrow as pa
import ray
from PIL import Image

from app.batch.cluster import RemoteWorker
from app.batch.source import LocalSource
from app.batch.worker import WorkerLimits
from app.vision.limits import ImageLimits
from tests.photos import draw_scene, encode, encode_heic

PATIENCE_S = 120.0
LIMITS = WorkerLimits(ImageLimits(max_image_px=1_000_000), 2_000_000, 1_000_000_000, threads=2)

# Files that are no good photos, and the code of each.
BAD = {
    "note.txt": (b"not a photo", "unsupported_image"),
    "empty.jpg": (b"", "empty_photo"),
    "cut.jpg": (encode(draw_scene(1))[:2_000], "damaged_image"),
    "huge.png": (encode(Image.new("RGB", (1_200, 900)), "PNG"), "too_many_pixels"),
    "heavy.bmp": (bytes(2_000_001), "request_too_large"),
}


def draw_archive(folder: Path, n_photos: int) -> Path:
    """Photos in two folders, one of them HEIC."""
    for number in range(n_photos):
        path = folder / f"year-{number % 2}" / f"{number:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(draw_scene(number, (320, 240))))
    (folder / "phone.heic").write_bytes(encode_heic(draw_scene(1_000)))
    return folder


def add_bad_files(folder: Path) -> None:
    """Those of BAD."""
    for name, (data, _code) in BAD.items():
        (folder / name).write_bytes(data)


class TellingWorker(RemoteWorker):
    """Writes down on which node it looks at a batch, and waits until both nodes have one. Waits with a photo called
    `held…` until a file `go` is there, and ends without a word at one called `deadly…`. Those files are in `told/`,
    beside the archive.
    """

    def __call__(self, found: pa.Table) -> pa.Table:
        assert isinstance(self._source, LocalSource)
        told = Path(self._source.root).parent / "told"
        names = [Path(path).name for path in found["path"].to_pylist()]
        if any(name.startswith("deadly") for name in names):
            os._exit(1)
        until = time.monotonic() + PATIENCE_S
        with (told / ray.get_runtime_context().get_node_id()).open("a") as file:
            file.write(f"{len(names)}\n")
        is_held = any(name.startswith("held") for name in names)
        while len(list(told.iterdir())) < 2 or (is_held and not (told / "go").exists()):
            assert time.monotonic() < until
            time.sleep(0.02)
        return super().__call__(found)
