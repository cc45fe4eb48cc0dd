"""What a learner.pkl refers to, and what it answers where there is no training/."""

from __future__ import annotations

import json
import os
import pickletools
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.errors import BundleDamagedError
from app.vision.bundle import LEARNER, ModelBundle

_APP = Path(__file__).resolve().parent.parent.parent / "app"
_TIMEOUT_S = 180

# The libraries whose classes a learner is made of; what the torch runtime's installation has.
_LIBRARIES = frozenset(
    {"builtins", "__builtin__", "_codecs", "cloudpickle", "collections", "copyreg", "fastai", "fastcore"}
    | {"fasttransform", "functools", "inspect", "numpy", "operator", "pathlib", "random", "torch", "torchvision"}
)
# cloudpickle's way of keeping bytecode, which only the Python version that wrote it can run.
_BY_VALUE = frozenset({"_make_function", "_make_skeleton_class", "_make_cell", "CodeType", "_function_setstate"})

_ANSWER = """
import gc
gc.disable()  # Importing torch and fastai takes a seventh less: 7.3 s of a processor in place of 8.4 s.
import json, sys
from pathlib import Path
from app.vision.bundle import read_bundle
from app.vision.learner import golden_logits
print(json.dumps(golden_logits(read_bundle(Path(sys.argv[1]))).tolist()))
"""


def references(learner: Path) -> set[tuple[str, str]]:
    """What unpickling would import, module and name, read off the opcodes without running any.

    Raises:
        BundleDamagedError: not a file that torch.save wrote.
    """
    found: set[tuple[str, str]] = set()
    texts: list[str] = []
    try:
        with zipfile.ZipFile(learner) as archive:
            pickled = archive.read(next(name for name in archive.namelist() if name.endswith("/data.pkl")))
        for opcode, argument, _ in pickletools.genops(pickled):
            if opcode.name == "GLOBAL":
                module, _, name = str(argument).partition(" ")
                found.add((module, name))
            elif opcode.name == "STACK_GLOBAL":
                found.add((texts[-2], texts[-1]))
            elif isinstance(argument, str):
                texts.append(argument)
    except (zipfile.BadZipFile, StopIteration, ValueError, IndexError) as exc:
        raise BundleDamagedError(f"{LEARNER} is not a learner that fastai exported: {exc!r}") from exc
    return found


def foreign_references(learner: Path) -> list[str]:
    """The references that an installation with `app` and the libraries alone cannot follow, sorted."""
    return sorted({f"{module}.{name}" for module, name in references(learner) if _is_foreign(module, name)})


def _is_foreign(module: str, name: str) -> bool:
    ours = module.startswith("app.vision.")
    return name in _BY_VALUE or not (ours or module.split(".")[0] in _LIBRARIES)


def golden_logits_in_clean_process(bundle: ModelBundle) -> NDArray[np.float32]:
    """The learner's logits (1, K) for the golden picture, from a new process that has `app` and no `training`.

    Raises:
        BundleDamagedError: it cannot be loaded or run there.
    """
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "app").symlink_to(_APP, target_is_directory=True)
        try:
            done = _run_where_app_is_alone(Path(folder), bundle)
        except subprocess.TimeoutExpired as exc:
            raise BundleDamagedError(f"{LEARNER} gives no answer within {_TIMEOUT_S} s.") from exc
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BundleDamagedError(f"{LEARNER} cannot be loaded where there is no training/: {reason}")
    return np.array(json.loads(done.stdout.splitlines()[-1]), dtype=np.float32)


def _run_where_app_is_alone(folder: Path, bundle: ModelBundle) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _ANSWER, str(bundle.path.resolve())],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
