"""Whether a bundle does what its card says: hashes, golden outputs of both its files, what the pickle refers to."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from app.errors import BundleDamagedError, BundleError, BundleMissingError
from app.vision.bundle import LEARNER, NETWORK, ModelBundle, read_bundle
from app.vision.card import is_plain_name
from app.vision.golden import GOLDEN_TOLERANCE, golden_batch, golden_gap, golden_tolerance
from training.bundles.learner_file import foreign_references, golden_logits_in_clean_process


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `problem` is None where it is as it should be; `note` says what was found."""

    what: str
    problem: BundleError | None = None
    note: str = ""


def read_named_bundle(models: Path, name: str) -> ModelBundle:
    """The bundle `models/<name>`, whose folder is called as its card says.

    Raises:
        BundleMissingError, BundleDamagedError, BundleSchemaError: see `read_bundle`.
    """
    if not is_plain_name(name):
        raise BundleMissingError(f"{name!r} is not the name of a bundle. Give the name of a folder in {models}.")
    bundle = read_bundle(models / name)
    if bundle.card.folder_name != name:
        raise BundleDamagedError(f"The card in {name} says it is {bundle.card.folder_name}. Rename the folder.")
    return bundle


def ensure_servable(bundle: ModelBundle) -> None:
    """Raises what `check_bundle` finds first."""
    for check in check_bundle(bundle):
        if check.problem is not None:
            raise check.problem


def check_bundle(bundle: ModelBundle) -> Iterator[Check]:
    """Looks at one thing after the other; ends at the first file that is not the card's."""
    files = _look("files (sha256)", lambda: _check_files(bundle))
    yield files
    if files.problem is None:
        yield _look(f"{NETWORK}: golden outputs", lambda: _check_network(bundle))
        yield _look(f"{LEARNER}: what it refers to", lambda: _check_references(bundle))
        yield _look(f"{LEARNER}: golden outputs, in a process without training/", lambda: _check_learner(bundle))


def _look(what: str, check: Callable[[], str]) -> Check:
    try:
        return Check(what, note=check())
    except BundleError as problem:
        return Check(what, problem)


def _check_files(bundle: ModelBundle) -> str:
    for required in (NETWORK, LEARNER):
        bundle.verified_file(required)
    bundle.verify()
    return f"{len(bundle.card.files)} files"


def _check_network(bundle: ModelBundle) -> str:
    try:
        session = onnxruntime.InferenceSession(str(bundle.path / NETWORK), providers=["CPUExecutionProvider"])
        logits = session.run(["logits"], {"batch": golden_batch(bundle.card.preprocess)})[0]
    except Exception as exc:  # onnxruntime's own errors share no base but Exception.
        raise BundleDamagedError(f"{NETWORK} cannot be run: {exc}") from exc
    return _compare(NETWORK, bundle, logits, golden_tolerance(bundle.card))


def _check_references(bundle: ModelBundle) -> str:
    foreign = foreign_references(bundle.path / LEARNER)
    if foreign:
        raise BundleDamagedError(f"{LEARNER} refers to {', '.join(foreign)}, which a server does not have.")
    return "torch, torchvision, fastai and app.vision alone"


def _check_learner(bundle: ModelBundle) -> str:
    if importlib.util.find_spec("fastai") is None:
        return "not looked at: torch and fastai are not installed here"
    return _compare(LEARNER, bundle, golden_logits_in_clean_process(bundle), GOLDEN_TOLERANCE)


def _compare(what: str, bundle: ModelBundle, logits: NDArray[np.float32], allowed: float) -> str:
    if bundle.card.golden is None:
        raise BundleDamagedError("The card keeps no golden outputs. Train the bundle again.")
    n_labels = len(bundle.card.labels)
    if logits.shape != (1, n_labels):
        raise BundleDamagedError(f"{what} gives logits of shape {logits.shape}, not (1, {n_labels}).")
    gap = golden_gap(logits, bundle.card)
    if not gap <= allowed:
        raise BundleDamagedError(f"{what} is off by {gap:.1e} in probability, {allowed:g} is allowed.")
    return f"off by {gap:.1e} in probability"
