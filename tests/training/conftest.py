"""Bundles checked in this process. A new one takes 7 s of a processor to import torch and fastai, and most tests make
bundles for something else; `tiny_bundle` is checked in a new one, and so are the bundles of tests that ask for nothing
here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from app.vision.bundle import ModelBundle


def _golden_logits_here(bundle: ModelBundle) -> NDArray[np.float32]:
    """What `golden_logits_in_clean_process` gives; torch is imported by who needs it."""
    from app.vision.learner import golden_logits

    return golden_logits(bundle)


@contextmanager
def _checked_here() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.bundles.check.golden_logits_in_clean_process", _golden_logits_here)
        yield


@pytest.fixture
def checked_here() -> Iterator[None]:
    """For one test."""
    with _checked_here():
        yield


@pytest.fixture(scope="module")
def all_checked_here() -> Iterator[None]:
    """For a module, from the first that asks for it."""
    with _checked_here():
        yield
