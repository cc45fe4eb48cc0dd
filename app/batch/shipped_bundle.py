"""A bundle on its way to the workers: the bytes of what the CPU runtime reads of it.

So a cluster's machines need no models/ of their own, and all look with the same model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.vision.bundle import CARD, NEIGHBOURS, NETWORK, ModelBundle, read_bundle


@dataclass(frozen=True)
class ShippedBundle:
    """The bundle's folder name and the content of its files, by name."""

    folder_name: str
    files: dict[str, bytes]

    @contextmanager
    def unpacked(self) -> Iterator[ModelBundle]:
        """The bundle in a folder that is there for as long as it is being loaded.

        Raises:
            BundleError: see `read_bundle`.
        """
        with tempfile.TemporaryDirectory(prefix="which-park-") as folder:
            path = Path(folder) / self.folder_name
            path.mkdir()
            for name, data in self.files.items():
                (path / name).write_bytes(data)
            yield read_bundle(path)


def ship(bundle: ModelBundle) -> ShippedBundle:
    """What of a bundle a worker needs.

    Raises:
        BundleMissingError, BundleDamagedError: a file is not there, or not the card's.
    """
    names = [name for name in (NETWORK, NEIGHBOURS) if name in bundle.card.files or name == NETWORK]
    files = {name: bundle.verified_file(name).read_bytes() for name in names}
    return ShippedBundle(bundle.path.name, {CARD: (bundle.path / CARD).read_bytes(), **files})
