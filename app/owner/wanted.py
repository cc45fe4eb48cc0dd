"""What the workers of a server want of an owner, and where they find the one that has it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from app.errors import BundleError, BundleMissingError
from app.owner.wire import VERSION
from app.vision.bundle import CARD, ModelBundle


@dataclass(frozen=True)
class Wanted:
    """A network and how it is to run; whoever wants the same shares an owner.

    `runtime` is `torch`, or `auto` (torch where there is CUDA); `card_sha256` is that of card.json, which has those of
    the bundle's other files; `devices` is CUDA_VISIBLE_DEVICES. The rest are settings of the server.
    """

    bundle: str
    card_sha256: str
    runtime: str
    threads: int
    max_batch: int
    log_format: str
    devices: str

    def address(self, folder: Path) -> Path:
        """The socket of its owner."""
        return folder / f"{hashlib.sha256(f'{VERSION} {self.to_json()}'.encode()).hexdigest()[:16]}.socket"

    def to_json(self) -> str:
        """As an argument of `python -m app.owner`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Wanted:
        """What `to_json` gave."""
        return cls(**json.loads(text))


def card_sha256(bundle: ModelBundle) -> str:
    """Of its card.json as it is on disk.

    Raises:
        BundleMissingError: it cannot be read any more.
    """
    try:
        return hashlib.sha256((bundle.path / CARD).read_bytes()).hexdigest()
    except OSError as exc:
        raise BundleMissingError(f"{CARD} of bundle {bundle.path.name} cannot be read: {exc}") from exc


def private_folder(path: Path) -> Path:
    """The folder of the sockets, made if it is missing: who may enter it can have photos looked at, and give verdicts.

    Raises:
        BundleError: it cannot be made, or others than the server's user may enter it.
    """
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.stat()
    except OSError as exc:
        raise BundleError(f"{path}, the folder of the network's owner, cannot be made: {exc}") from exc
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise BundleError(f"{path} must be a folder that the server's user alone may enter (chmod 700).")
    return path
