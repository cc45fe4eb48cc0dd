"""learner.pkl refers to what an installation without training/ has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.vision.bundle import LEARNER, ModelBundle
from tests.conftest import ROOT
from tests.photos import draw_scene, encode
from training.bundles.learner_file import foreign_references, references

pytestmark = pytest.mark.slow


def test_the_learner_refers_to_what_a_server_has(bundle: ModelBundle) -> None:
    packages = {module.split(".")[0] for module, _ in references(bundle.path / LEARNER)}
    assert "app" in packages
    assert "training" not in packages
    assert foreign_references(bundle.path / LEARNER) == []


LOAD = """
import importlib.util, json, sys
assert importlib.util.find_spec("training") is None
import app.vision.learner  # Before fastai: see app.vision.torchvision_ops.
from fastai.learner import load_learner
photo, *paths = sys.argv[1:]
for path in paths:
    learner = load_learner(path)
    with learner.no_bar():
        label, index, probabilities = learner.predict(photo)
        assert (label, int(index)) == learner.predict(open(photo, "rb").read())[:2]
    print(json.dumps([label, int(index), probabilities.tolist()]))
"""


def test_the_learners_predict_where_only_the_application_is(
    tiny_bundle: ModelBundle, shipped_bundle: ModelBundle, tmp_path: Path
) -> None:
    bundles = (tiny_bundle, shipped_bundle)
    shutil.copytree(ROOT / "app", tmp_path / "site" / "app", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "photo.jpg").write_bytes(encode(draw_scene()))
    (tmp_path / "elsewhere").mkdir()
    files = [str(tmp_path / "photo.jpg"), *(str(bundle.path / LEARNER) for bundle in bundles)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD, *files],
        cwd=tmp_path / "elsewhere",
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for bundle, line in zip(bundles, done.stdout.splitlines(), strict=True):
        label, index, probabilities = json.loads(line)
        assert label == bundle.card.vocab[index]
        assert index == np.argmax(probabilities)
        assert sum(probabilities) == pytest.approx(1, abs=1e-5)
