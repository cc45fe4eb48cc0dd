"""Promoting a bundle: from then on it is the one that is served; and taking that back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.errors import BundleMissingError
from app.vision.bundle import CURRENT, ModelBundle, write_atomically
from app.vision.card import is_plain_name
from training.bundles.check import ensure_servable, read_named_bundle

# The names that CURRENT had before, oldest first: what rollback goes back to.
HISTORY = ".history"

_MAX_HISTORY = 100

# Raises a BundleError for a bundle that must not be served.
Gate = Callable[[ModelBundle], None]


def promote(models: Path, name: str, gate: Gate = ensure_servable) -> ModelBundle:
    """Checks the bundle `models/<name>` and lets CURRENT name it.

    Raises:
        BundleMissingError, BundleDamagedError, BundleSchemaError: it cannot be served; CURRENT stays as it was.
    """
    bundle = read_named_bundle(models, name)
    gate(bundle)
    current = current_name(models)
    if current not in (None, bundle.path.name):
        _write_history(models, [*_read_history(models), str(current)])
    write_atomically(models / CURRENT, f"{bundle.path.name}\n".encode())
    return bundle


def rollback(models: Path, gate: Gate = ensure_servable) -> ModelBundle:
    """Lets CURRENT name what it named before the last promotion, once that is checked again.

    Raises:
        BundleMissingError: nothing was served before.
        BundleDamagedError, BundleSchemaError: that bundle cannot be served any more; CURRENT stays as it was.
    """
    history = _read_history(models)
    if not history:
        raise BundleMissingError(
            f"No bundle of {models} was served before this one. `bundle list` shows what there is."
        )
    bundle = read_named_bundle(models, history[-1])
    gate(bundle)
    write_atomically(models / CURRENT, f"{bundle.path.name}\n".encode())
    _write_history(models, history[:-1])
    return bundle


def current_name(models: Path) -> str | None:
    """The name in CURRENT; None where there is none that makes sense."""
    try:
        name = (models / CURRENT).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return name if is_plain_name(name) else None


def _read_history(models: Path) -> list[str]:
    try:
        return (models / HISTORY).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return []


def _write_history(models: Path, names: list[str]) -> None:
    write_atomically(models / HISTORY, "".join(f"{name}\n" for name in names[-_MAX_HISTORY:]).encode())
