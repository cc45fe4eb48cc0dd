"""Promoting a bundle: from then on it is the one that is served."""

from __future__ import annotations

from pathlib import Path

from app.errors import BundleMissingError
from app.vision.bundle import CURRENT, ModelBundle, is_plain_name, read_bundle, write_atomically


def promote(models: Path, name: str) -> ModelBundle:
    """Verifies the bundle `models/<name>` and lets CURRENT name it.

    Raises:
        BundleMissingError, BundleDamagedError, BundleSchemaError: it cannot be served; CURRENT stays as it was.
    """
    if not is_plain_name(name):
        raise BundleMissingError(f"{name!r} is not the name of a bundle. Give the name of a folder in {models}.")
    bundle = read_bundle(models / name)
    bundle.verify()
    write_atomically(models / CURRENT, f"{bundle.path.name}\n".encode())
    return bundle
