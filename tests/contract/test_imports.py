"""Who may import whom, and what importing may do: nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

# A layer may import itself and those that stand after it.
LAYERS = (
    ("owner", "api", "web", "ops", "door", "batch"),
    ("inference", "intake", "feedback"),
    ("vision",),
    ("errors",),
)
RANK = {f"app.{name}": rank for rank, names in enumerate(LAYERS) for name in names}

READERS_OF_CONFIG = {"app.factory", "app.gunicorn_conf", "app.batch.command"}
JOINERS = {
    *("app.factory", "app.gunicorn_conf", "app.config", "app.setting_types", "app.settings_file", "app.keys"),
    *("app.batch.command", "app.batch.options"),
}
NEEDS_TORCH = {
    "app.inference.recorded_network",
    "app.inference.torch_runtime",
    "app.vision.efficientnet",
    "app.vision.learner",
    "app.vision.torchvision_ops",
}
OF_TORCH = ("torch", "torchvision", "fastai", "fastcore", "fasttransform")
OF_BATCH = ("ray", "pyarrow", "fsspec", "tqdm", "pandas", "aiohttp")
OUTGOING = (
    *("socket", "ssl", "asyncio", "urllib.request", "http.client", "ftplib", "smtplib", "xmlrpc", "telnetlib"),
    *("requests", "httpx", "urllib3", "aiohttp"),
)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for folder in ("app", "training") for path in sorted((ROOT / folder).rglob("*.py"))}
APP = [name for name in SOURCES if name.split(".")[0] == "app"]
TRAINING = [name for name in SOURCES if name.split(".")[0] == "training"]


def imports(module: str) -> Iterator[str]:
    """Every module that one imports, at its top or inside a function; `from x import y` gives x and x.y."""
    for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{module} has a relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_of(module: str, *packages: str) -> list[str]:
    return [name for name in imports(module) if any(f"{name}.".startswith(f"{package}.") for package in packages)]


def rank(module: str) -> int | None:
    """The layer of a module, 0 at the top; None outside the layers."""
    return RANK.get(".".join(module.split(".")[:2]))


@pytest.mark.parametrize("module", APP)
def test_imports_point_one_way(module: str) -> None:
    own = None if module in JOINERS else rank(module)
    if own is None:
        assert module in {"app", *JOINERS}, f"{module} is in no layer"
        return
    for name in imports_of(module, "app"):
        other = rank(name)
        assert other is not None, f"{module} imports {name}, which only joins parts"
        assert other >= own, f"{module} imports {name} of a layer above it"


@pytest.mark.parametrize("module", APP)
def test_only_the_factory_reads_the_config(module: str) -> None:
    assert module in READERS_OF_CONFIG or not imports_of(module, "app.config")


@pytest.mark.parametrize("module", APP)
def test_the_application_knows_nothing_of_training(module: str) -> None:
    assert not imports_of(module, "training", "tests")


@pytest.mark.parametrize("module", TRAINING)
def test_the_trainer_imports_of_the_application_its_vision_and_its_errors(module: str) -> None:
    """And what is kept of feedback, to export it: the schema of that database is known in one place."""
    known = ["app.vision", "app.errors", *(["app.feedback"] if module.startswith("training.feedback.") else [])]
    beyond = set(imports_of(module, "app")) - set(imports_of(module, *known)) - {"app"}
    assert not beyond and not imports_of(module, "tests")


@pytest.mark.parametrize("module", APP)
def test_torch_is_imported_where_it_is_needed_alone(module: str) -> None:
    assert module in NEEDS_TORCH or not imports_of(module, *OF_TORCH)


@pytest.mark.parametrize("module", APP)
def test_what_reads_archives_is_imported_by_the_batch_alone(module: str) -> None:
    """Those libraries are not installed where the server is."""
    assert module.startswith("app.batch.") or not imports_of(module, *OF_BATCH, "app.batch")


@pytest.mark.parametrize("module", APP)
def test_the_application_reaches_out_for_photos_at_addresses_alone(module: str) -> None:
    # The first has the sockets of clients, and makes none; the second asks whether the cluster it is told of is there;
    # the owner and its workers talk over Unix sockets, which lead nowhere else.
    named_only = {"app.ops.serving.buffered_socket", "app.batch.cluster"}
    may = module.startswith(("app.intake.url_fetch.", "app.owner.")) or module in named_only
    assert may or not imports_of(module, *OUTGOING)


@pytest.mark.parametrize("module", TRAINING)
def test_the_trainer_reaches_out_in_the_client_of_its_download_alone(module: str) -> None:
    assert module == "training.download.polite_client" or not imports_of(module, *OUTGOING)


# What a module of ours does while it is imported; what others do to be imported is their own affair.
WATCH = """
import importlib, os, sys, threading

def ours():
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.split(".")[0] == "app":
            return name
        if name not in ("os", "io", "pathlib", "_collections_abc", "codecs", "threading", "__main__"):
            return None
        frame = frame.f_back
    return None

done = []

def watch(event, arguments):
    if event in ("open", "os.listdir", "subprocess.Popen", "socket.connect"):
        if name := ours():
            done.append((name, event, str(arguments[:1])))

def watched(method, event="environment"):
    def read(*arguments):
        if name := ours():
            done.append((name, event, str(arguments[1:])))
        return method(*arguments)
    return read

for method in ("__getitem__", "__iter__", "__contains__", "get"):
    setattr(os._Environ, method, watched(getattr(os._Environ, method)))
threading.Thread.start = watched(threading.Thread.start, "thread")
sys.addaudithook(watch)
"""


def python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_a_module_does_nothing() -> None:
    modules = [name for name in APP if name not in {"app.gunicorn_conf", *NEEDS_TORCH}]
    code = f"{WATCH}\nfor name in sys.argv[1:]: importlib.import_module(name)\nprint(done)"
    assert python(code, *modules).strip() == "[]"


@pytest.mark.slow
def test_importing_a_module_of_torch_does_nothing() -> None:
    code = f"{WATCH}\nfor name in sys.argv[1:]: importlib.import_module(name)\nprint(done)"
    code += "\nassert not sys.modules['torch'].cuda.is_initialized()"
    assert python(code, *sorted(NEEDS_TORCH)).strip() == "[]"


def test_the_watch_sees_what_it_is_for(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("")
    (tmp_path / "app" / "busy.py").write_text(
        "import os, threading, pathlib\nos.environ.get('HOME')\nos.getenv('PATH')\n'X' in os.environ\n"
        "pathlib.Path(__file__).read_text()\nthreading.Thread(target=print, daemon=True).start()\n"
    )
    code = f"{WATCH}\nsys.path.insert(0, sys.argv[1])\nimport app.busy\nprint([event for _, event, _ in done])"
    seen = python(code, str(tmp_path))
    assert seen.count("environment") >= 3
    assert "open" in seen and "thread" in seen


def loaded_by(*modules: str) -> set[str]:
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\nprint(*sys.modules)"
    return {name.split(".")[0] for name in python(code, *modules).split()}


def test_the_application_runs_without_torch_and_fastai() -> None:
    served = [name for name in APP if name not in NEEDS_TORCH and not name.startswith("app.batch")]
    assert not loaded_by(*served) & {*OF_TORCH, *OF_BATCH, "training"}


def test_archives_are_read_without_torch_and_fastai() -> None:
    assert not loaded_by("app.batch.command") & {*OF_TORCH, "training"}


def test_the_configuration_of_gunicorn_loads_no_library() -> None:
    assert not loaded_by("app.gunicorn_conf") & {*OF_TORCH, "numpy", "PIL", "onnxruntime", "flask"}


def test_prometheus_is_imported_by_who_asks_for_metrics_and_not_at_start() -> None:
    assert "prometheus_client" not in loaded_by("app.factory")
