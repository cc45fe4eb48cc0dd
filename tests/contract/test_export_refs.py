"""learner.pkl refers to what an installation without training/ has."""

from __future__ import annotations

import json
import os
import pickletools
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from app.vision.bundle import LEARNER, ModelBundle
from tests.conftest import ROOT
from tests.photos import draw_scene, encode

pytestmark = pytest.mark.slow

# Of the libraries that the CUDA image installs, those whose classes a learner is made of.
LIBRARIES = {"builtins", "collections", "functools", "operator", "pathlib", "copyreg", "numpy", "_codecs"}
LIBRARIES |= {"torch", "torchvision", "fastai", "fastcore", "fasttransform", "inspect", "random", "__builtin__"}
LIBRARIES |= {"cloudpickle"}  # What fastai pickles with; it says "the type of methods" in its own words.

BY_VALUE = {"_make_function", "_make_skeleton_class", "_make_cell", "CodeType", "_function_setstate", "subimport"}


def references(bundle: ModelBundle) -> set[tuple[str, str]]:
    """What unpickling imports, module and name, by the opcodes GLOBAL and STACK_GLOBAL."""
    with zipfile.ZipFile(bundle.path / LEARNER) as archive:
        pickled = archive.read(next(name for name in archive.namelist() if name.endswith("/data.pkl")))
    found: set[tuple[str, str]] = set()
    texts: list[str] = []
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name == "GLOBAL":
            module, _, name = str(argument).partition(" ")
            found.add((module, name))
        elif opcode.name == "STACK_GLOBAL":
            found.add((texts[-2], texts[-1]))
        elif isinstance(argument, str):
            texts.append(argument)
    return found


def test_the_learner_refers_to_nothing_of_the_trainer(bundle: ModelBundle) -> None:
    packages = {module.split(".")[0] for module, _ in references(bundle)}
    assert "app" in packages
    assert packages <= {"app", *LIBRARIES}


def test_of_the_application_the_learner_refers_to_vision_alone(bundle: ModelBundle) -> None:
    ours = {module for module, _ in references(bundle) if module.split(".")[0] == "app"}
    assert all(module.startswith("app.vision.") for module in ours)


def test_nothing_is_pickled_by_value(bundle: ModelBundle) -> None:
    """By value means bytecode, which only the Python version that wrote it can run."""
    assert not {name for _, name in references(bundle)} & BY_VALUE


LOAD = """
import importlib.util, json, sys
assert importlib.util.find_spec("training") is None
import app.vision.learner  # Before fastai: see app.vision.torchvision_ops.
from fastai.learner import load_learner
learner = load_learner(sys.argv[1])
with learner.no_bar():
    label, index, probabilities = learner.predict(sys.argv[2])
    assert (label, int(index)) == learner.predict(open(sys.argv[2], "rb").read())[:2]
print(json.dumps([label, int(index), probabilities.tolist()]))
"""


def test_the_learner_predicts_where_only_the_application_is(bundle: ModelBundle, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "app", tmp_path / "site" / "app", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "photo.jpg").write_bytes(encode(draw_scene()))
    (tmp_path / "elsewhere").mkdir()
    command = [sys.executable, "-W", "ignore", "-c", LOAD, str(bundle.path / LEARNER), str(tmp_path / "photo.jpg")]
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        command, cwd=tmp_path / "elsewhere", env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    label, index, probabilities = json.loads(done.stdout)
    assert label == bundle.card.vocab[index]
    assert index == np.argmax(probabilities)
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
