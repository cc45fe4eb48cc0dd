"""A bundle: the folder that holds one trained model and all that is needed to serve and to judge it.

models/<name>-<version>/card.json      what it is; the sha256 of every other file
                        learner.pkl    the exported fastai learner
                        model.onnx     the same network, pickle-free
                        neighbours.npz embeddings of the training photos
                        report.html    the evaluation
                        manifest.csv   which photo trained, validated, tested; photos themselves are in none of them
models/CURRENT                         the name of the bundle that is served
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.errors import BundleDamagedError, BundleMissingError
from app.vision.card import Card, finite, is_plain_name, plain_name

CARD = "card.json"
LEARNER = "learner.pkl"
NETWORK = "model.onnx"
NEIGHBOURS = "neighbours.npz"
REPORT = "report.html"
MANIFEST = "manifest.csv"
CURRENT = "CURRENT"

# What the network gives for a batch, in this order, in every runtime (see `learner.EvidenceNetwork`).
HEAD_OUTPUTS = ("logits", "embedding", "evidence")
NETWORK_OUTPUTS = (*HEAD_OUTPUTS, "stem", "layer1", "layer2", "layer3")


@dataclass(frozen=True)
class ModelBundle:
    """A bundle on disk: its folder and its card."""

    path: Path
    card: Card

    def verified_file(self, name: str) -> Path:
        """The path of one of the bundle's files, whose sha256 is the one in the card.

        Raises:
            BundleMissingError: the card names no such file, or it is not there.
            BundleDamagedError: its content is another.
        """
        if name not in self.card.files:
            raise BundleMissingError(f"Bundle {self.path.name} has no {name} in its card.")
        path = self.path / name
        if not path.is_file():
            raise BundleMissingError(f"Bundle {self.path.name} lacks its file {name}.")
        try:
            digest = file_sha256(path)
        except OSError as exc:
            raise BundleMissingError(f"{name} of bundle {self.path.name} cannot be read: {exc}") from exc
        if digest != self.card.files[name]:
            raise BundleDamagedError(f"{name} of bundle {self.path.name} is not the file its card names (sha256).")
        return path

    def verify(self) -> None:
        """Raises what `verified_file` raises for the first file that is not as the card says."""
        for name in sorted(self.card.files):
            self.verified_file(name)

    def load_neighbours(self) -> NDArray[np.float32] | None:
        """Unit embeddings of training photos, (n, D), or None where the bundle has none.

        Raises:
            BundleMissingError, BundleDamagedError: see `verified_file`; also BundleDamagedError: no such array in it.
        """
        if NEIGHBOURS not in self.card.files:
            return None
        path = self.verified_file(NEIGHBOURS)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                neighbours = np.asarray(arrays["embedding"], dtype=np.float32)
        except (OSError, ValueError, TypeError, LookupError, EOFError, zipfile.BadZipFile) as exc:
            raise BundleDamagedError(f"{NEIGHBOURS} of bundle {self.path.name} cannot be read: {exc!r}") from exc
        if neighbours.ndim != 2 or neighbours.size == 0:
            raise BundleDamagedError(f"{NEIGHBOURS} of bundle {self.path.name} has the shape {neighbours.shape}.")
        return neighbours


def read_bundle(path: Path) -> ModelBundle:
    """The bundle in a folder; its files are verified when they are used.

    Raises:
        BundleMissingError: no such folder or no card.
        BundleDamagedError: the card cannot be read.
        BundleSchemaError: the card is of another schema.
    """
    try:
        text = (path / CARD).read_bytes()
    except OSError as exc:
        raise BundleMissingError(f"There is no bundle at {path}: its {CARD} cannot be read.") from exc
    try:
        return ModelBundle(path=path, card=Card.from_json(json.loads(text, parse_constant=finite)))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as exc:
        raise BundleDamagedError(f"{CARD} of bundle {path.name} has no sense: {exc!r}") from exc


def read_current_bundle(models: Path) -> ModelBundle:
    """The bundle that `models/CURRENT` names.

    Raises:
        BundleMissingError: there is no CURRENT, or no bundle of that name.
        BundleDamagedError: CURRENT or the card cannot be read.
        BundleSchemaError: the card is of another schema.
    """
    try:
        name = (models / CURRENT).read_text(encoding="utf-8", errors="replace").strip()
    except OSError as exc:
        raise BundleMissingError(f"{models / CURRENT} cannot be read; it names the bundle to serve.") from exc
    try:
        return read_bundle(models / plain_name(name))
    except ValueError as exc:
        raise BundleDamagedError(f"{CURRENT} holds {name!r}, which is not the name of a bundle.") from exc


def current_state(models: Path) -> tuple[object, ...]:
    """What `read_current_bundle` would find, to compare: unequal once CURRENT is written or a file of its bundle is.

    It reads CURRENT and no other file, so it may be asked often. Never an error: what is not there is a state too.
    """
    current = models / CURRENT
    try:
        name, written = current.read_text(encoding="utf-8", errors="replace").strip(), _stamp(current)
    except OSError:
        return ()
    try:
        files = sorted((path.name, _stamp(path)) for path in (models / plain_name(name)).iterdir())
    except (OSError, ValueError):
        files = []
    return name, written, tuple(files)


def _stamp(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, found.st_size


def write_card(path: Path, card: Card) -> None:
    """Writes card.json into the bundle's folder, with the sha256 of every other file there."""
    others = [file for file in sorted(path.iterdir()) if file.is_file() and file.name != CARD]
    files = {file.name: file_sha256(file) for file in others if is_plain_name(file.name)}
    data = card.to_json() | {"files": files}
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(path / CARD, text.encode())


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces the file in one step: a reader sees the old content or the new, also after a crash or on a full disk."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)  # There only if that failed.


def file_sha256(path: Path) -> str:
    """Hexadecimal sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
